// A request as data, and the command that sends it.

// `values` holds what is given by the place and the name of each parameter; nothing given is nothing sent.
function requestFor(operation, values, { body, key } = {}) {
  const given = (place) => operation.parameters
    .filter((parameter) => parameter.in === place && (values[parameter.name] ?? '') !== '')
    .map((parameter) => [parameter, String(values[parameter.name])]);
  let path = operation.path;
  for (const [{ name }, value] of given('path')) path = path.replace(`{${name}}`, value.split('/').map(encodeURIComponent).join('/'));
  const url = new URL(path.slice(1), BASE);
  for (const [parameter, value] of given('query')) {
    const pieces = parameter.schema.type === 'array' ? value.split(',') : [value];
    for (const piece of pieces) url.searchParams.append(parameter.name, piece.trim());
  }
  const headers = given('header').map(([{ name }, value]) => [name, value]);
  const scheme = schemeOf(operation);
  if (body !== undefined) headers.push(['Content-Type', 'application/json']);
  return { method: operation.method, url, headers, body, secret: secretOf(scheme, key) };
}

// The header that says who asks. In a command a secret is named, not told.
function secretOf(scheme, key) {
  if (scheme?.type === 'apiKey') return key ? { header: scheme.name, value: key, named: '$API_KEY' } : null;
  return scheme ? { header: 'Authorization', named: 'Bearer $SHUTDOWN_TOKEN' } : null;
}

// What is put into a parameter to begin with: what must be there.
function firstValue(parameter) {
  if (!parameter.required || parameter.example === undefined) return '';
  return [parameter.example].flat().join(',');
}

function firstValues(operation) {
  return Object.fromEntries(operation.parameters.map((parameter) => [parameter.name, firstValue(parameter)]));
}

function curl({ method, url, headers, body, secret }) {
  const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
  const parts = [`curl -s ${method === 'POST' && body === undefined ? '-X POST ' : ''}${quoted(url)}`];
  if (secret) parts.push(`-H "${secret.header}: ${secret.named}"`);
  parts.push(...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`));
  if (body !== undefined) parts.push(`-d ${quoted(body)}`);
  return parts.join(' \\\n  ');
}
