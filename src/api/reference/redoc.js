// `/redoc`: all of the document, to be read from the beginning to the end, or printed.

const PLACES = [['path', 'Path'], ['query', 'Query'], ['header', 'Headers']];

function asked(operation) {
  const media = jsonOf(operation.requestBody);
  const shared = operation.parameters.filter((parameter) => parameter.isShared);
  return [
    ...PLACES.map(([place, title]) => {
      const parameters = operation.parameters.filter((parameter) => parameter.in === place && !parameter.isShared);
      return parameters.length > 0 && [make('h4', {}, title), make('ul', { class: 'fields' }, parameters.map((one) =>
        field(one.name, one.schema, { tag: one.required && 'required', text: one.description, example: one.example })))];
    }),
    shared.length > 0 && make('p', { class: 'hint' }, 'And these ', make('a', { href: '#request-headers' }, 'headers'), ': ', between(shared.map(({ name }) => make('code', {}, name)), ', '), '.'),
    media && [make('h4', {}, 'Body', !operation.requestBody.required && ', if any'), fieldsOf(resolved(media.schema)) ?? make('p', {}, typeOf(media.schema))],
  ];
}

function answered(operation) {
  const replies = Object.entries(operation.responses);
  const refusals = replies.filter(([, reply]) => reply.$ref).map(([status]) => status);
  return [
    make('h4', {}, 'Replies'),
    make('ul', { class: 'fields' }, replies.filter(([, reply]) => !reply.$ref).map(([status, reply]) => make('li', {},
      make('p', { class: 'field-name' }, make('strong', {}, status), ' ', make('span', { class: 'type' }, contents(reply))),
      make('p', {}, sentence(reply.description))))),
    make('p', { class: 'hint' }, 'Or a ', make('a', { href: '#refusals' }, 'refusal'), `: ${refusals.join(', ')}.`),
  ];
}

// Of what type, or of what media type, a reply is.
function contents(reply) {
  const media = Object.entries(reply.content ?? {});
  return between(media.map(([type, one]) => (type === 'application/json' ? typeOf(one.schema) : type)), ' or ');
}

function samples(operation) {
  const media = jsonOf(operation.requestBody);
  const body = media ? JSON.stringify(sampleOf(media)) : undefined;
  const command = curl(requestFor(operation, firstValues(operation), { body, key: 'key' }));
  const [status, reply] = Object.entries(operation.responses).find(([status]) => status < 300);
  const answer = jsonOf(reply);
  const what = answer?.example ? 'Example' : 'Shape';
  return make('div', { class: 'samples' },
    make('h4', {}, 'Request'), code(`Request of ${operation.path}`, [[command]]),
    answer && [make('h4', {}, `${what} of a ${status} reply`), shownJson(`${what} of a reply of ${operation.path}`, sampleOf(answer))]);
}

function article(operation) {
  const scheme = schemeOf(operation);
  return make('article', { id: operation.operationId, 'data-entry': '' },
    make('div', { class: 'told' },
      make('h3', {}, make('a', { href: `#${operation.operationId}` }, heading(operation))),
      make('p', { class: 'summary' }, sentence(operation.summary)),
      operation.description && make('p', {}, sentence(operation.description)),
      scheme && make('p', { class: 'hint' }, make('a', { href: '#access' }, scheme.type === 'apiKey' ? 'With a key' : 'With the operator’s token')),
      asked(operation),
      answered(operation)),
    samples(operation));
}

function access() {
  return make('section', { id: 'access' }, make('h2', {}, 'Who may ask'),
    make('ul', { class: 'fields' }, Object.values(description.components.securitySchemes).map((scheme) => make('li', {},
      make('p', { class: 'field-name' }, make('code', {}, scheme.name ?? 'Authorization: Bearer')),
      make('p', {}, sentence(scheme.description))))));
}

function operations() {
  return families().flatMap((family) => family.operations);
}

function refusals() {
  const statuses = new Map(operations()
    .flatMap((operation) => Object.entries(operation.responses))
    .filter(([, reply]) => reply.$ref)
    .map(([status, reply]) => [status, resolved(reply)]));
  return make('section', { id: 'refusals' }, make('h2', {}, 'Refusals'),
    make('ul', { class: 'fields' }, [...statuses].sort().map(([status, reply]) => make('li', {},
      make('p', { class: 'field-name' }, make('strong', {}, status), ' ', make('span', { class: 'type' }, contents(reply))),
      make('p', {}, sentence(reply.description))))));
}

function requestHeaders() {
  return make('section', { id: 'request-headers' }, make('h2', {}, 'Headers of requests'),
    make('ul', { class: 'fields' }, Object.values(description.components.parameters).map((one) =>
      field(one.name, one.schema, { text: one.description }))));
}

function replyHeaders() {
  const named = new Map(operations()
    .flatMap((operation) => Object.values(operation.responses).map(resolved))
    .flatMap((reply) => Object.entries(reply.headers ?? {})));
  return make('section', { id: 'reply-headers' }, make('h2', {}, 'Headers of replies'),
    make('ul', { class: 'fields' }, [...named].sort().map(([name, header]) => {
      const { schema, description: text } = resolved(header);
      return field(name, schema, { text });
    })));
}

function types() {
  const sent = new Set(operations().map((operation) => jsonOf(operation.requestBody)?.schema.$ref).filter(Boolean).map(nameOf));
  return make('section', { 'data-group': '' }, make('h2', {}, 'Types'),
    Object.entries(description.components.schemas).map(([name, schema]) => {
      const id = `schema-${name}`;
      return enter('Types', id, name, `${name} ${Object.keys(schema.properties ?? {}).join(' ')}`.toLowerCase(),
        make('article', { id, 'data-entry': '' }, make('div', { class: 'told' },
          make('h3', {}, make('a', { href: `#${id}` }, name)),
          schema.description && make('p', {}, sentence(schema.description)),
          fieldsOf(schema, !sent.has(name)) ?? make('p', {}, typeOf(schema)), !schema.properties && limitsOf(schema))));
    }));
}

start(() => {
  const { info } = description;
  return [
    make('header', {}, make('h1', {}, info.title, ' ', make('small', {}, info.version)),
      make('p', {}, sentence(info.summary)), make('p', {}, sentence(info.description)),
      info.license && make('p', { class: 'hint' }, `Licence: ${info.license.name}.`)),
    access(),
    ...families().map((family) => make('section', { 'data-group': '' },
      make('h2', {}, family.name), make('p', { class: 'hint' }, sentence(family.description)),
      family.operations.map((operation) => enter(family.name, operation.operationId, heading(operation), wordsOf(operation), article(operation))))),
    refusals(),
    requestHeaders(),
    replyHeaders(),
    types(),
  ];
});
