// What the service says of itself in /openapi.json, which is all that these pages know of it.

// The page is at /docs or at /redoc, perhaps below the path of a proxy.
const BASE = new URL(location.pathname.endsWith('/') ? '../' : './', location.href);

let description;

async function describe() {
  const reply = await fetch(new URL('openapi.json', BASE), { headers: { accept: 'application/json' } });
  const said = await reply.json();
  if (!reply.ok) throw new Error(said.detail);
  description = said;
}

function nameOf(reference) {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

// What a reference stands for, or the thing itself.
function resolved(item) {
  if (!item?.$ref) return item;
  return item.$ref.split('/').slice(1).reduce((at, step) => at[step], description);
}

// Every operation, below the tag it has.
function families() {
  const all = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      path,
      method: method.toUpperCase(),
      parameters: (operation.parameters ?? []).map((one) => ({ ...resolved(one), isShared: '$ref' in one })),
    })),
  );
  return description.tags.map((tag) => ({ ...tag, operations: all.filter((one) => one.tags.includes(tag.name)) }));
}

// The scheme by which an operation knows its callers, if there is one.
function schemeOf(operation) {
  const name = operation.security.flatMap(Object.keys)[0];
  return name ? description.components.securitySchemes[name] : null;
}

// Orders are for a terminal: a button is pressed too soon.
function isOrder(operation) {
  return operation.tags.includes('Orders');
}

function jsonOf(item) {
  return item?.content?.['application/json'] ?? null;
}

// The words by which the filter finds an operation.
function wordsOf(operation) {
  const fields = Object.keys(resolved(jsonOf(operation.requestBody)?.schema)?.properties ?? {});
  const names = operation.parameters.map((parameter) => parameter.name);
  return [operation.method, operation.path, operation.summary, ...names, ...fields].join(' ').toLowerCase();
}
