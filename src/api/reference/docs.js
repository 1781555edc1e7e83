// `/docs`: every operation, to be opened and tried.

// The key is asked for where there are keys.
function keepKey(operations) {
  const input = byId('key');
  byId('key-form').hidden = !operations.some((operation) => schemeOf(operation)?.type === 'apiKey');
  input.value = sessionStorage.getItem(KEY) ?? '';
  input.addEventListener('input', () => sessionStorage.setItem(KEY, input.value.trim()));
  byId('key-form').addEventListener('submit', (event) => event.preventDefault());
}

function replies(operation) {
  const own = Object.entries(operation.responses).filter(([, reply]) => !reply.$ref);
  return make('details', {}, make('summary', {}, 'Replies'),
    make('ul', { class: 'fields' }, own.map(([status, reply]) => make('li', {},
      make('p', { class: 'field-name' }, make('strong', {}, status), ' ', jsonOf(reply) && make('span', { class: 'type' }, typeOf(jsonOf(reply).schema))),
      make('p', {}, sentence(reply.description))))),
    make('p', { class: 'hint' }, 'And what ', make('a', { href: new URL('redoc#refusals', BASE).href }, 'any request'), ' may be refused with.'));
}

function filled(operation) {
  return [
    operation.description && make('p', {}, sentence(operation.description)),
    ...form(operation),
    replies(operation),
    make('p', { class: 'hint' }, make('a', { href: new URL(`redoc#${operation.operationId}`, BASE).href }, 'All about it')),
  ].filter(Boolean);
}

// Its content is made when it is opened first.
function panel(operation) {
  const content = make('div', { class: 'content' });
  const opened = () => {
    if (element.open && !content.firstChild) content.append(...filled(operation));
    if (element.open) history.replaceState(null, '', `#${operation.operationId}`);
  };
  const element = make('details', { id: operation.operationId, class: 'operation', 'data-entry': '', ontoggle: opened },
    make('summary', {}, make('h3', {}, heading(operation)), make('span', { class: 'summary' }, operation.summary)), content);
  return element;
}

start(() => {
  const all = families();
  keepKey(all.flatMap((family) => family.operations));
  const { info } = description;
  return [
    make('header', {}, make('h1', {}, info.title, ' ', make('small', {}, info.version)), make('p', { class: 'hint' }, sentence(info.summary))),
    ...all.map((family) => make('section', { 'data-group': '' },
      make('h2', {}, family.name), make('p', { class: 'hint' }, sentence(family.description)),
      family.operations.map((operation) => enter(family.name, operation.operationId, heading(operation), wordsOf(operation), panel(operation))))),
  ];
});
