// A form for one operation: what is asked is seen as a command while it is filled in.

const KEY = 'key';

function control(parameter, id) {
  const { schema, required, example } = parameter;
  const given = { id, name: parameter.name, 'aria-describedby': `${id}-help` };
  const words = schema.enum ?? (schema.type === 'boolean' ? ['true', 'false'] : null);
  if (words) return make('select', given, !required && make('option', { value: '' }, ''), words.map((word) => make('option', {}, word)));
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  return make('input', {
    ...given,
    required,
    value: firstValue(parameter),
    placeholder: example === undefined ? null : `for example ${[example].flat().join(',')}`,
    inputmode: isNumber ? 'decimal' : null,
    autocomplete: 'off',
    spellcheck: 'false',
  });
}

function question(operation, parameter) {
  const id = `${operation.operationId}-${parameter.name}`;
  return make('div', { class: 'question' },
    make('label', { for: id }, make('code', {}, parameter.name), ' ', make('span', { class: 'type' }, typeOf(parameter.schema))),
    control(parameter, id),
    make('div', { id: `${id}-help`, class: 'help' }, make('p', {}, sentence(parameter.description)), limitsOf(parameter.schema)));
}

function questions(operation) {
  const needed = operation.parameters.filter((parameter) => parameter.required).map((parameter) => question(operation, parameter));
  const others = operation.parameters.filter((parameter) => !parameter.required).map((parameter) => question(operation, parameter));
  return [needed, others.length > 0 && make('details', { class: 'others' }, make('summary', {}, plural(others.length, 'optional parameter')), others)];
}

function bodyOf(operation, media) {
  const id = `${operation.operationId}-body`;
  const text = JSON.stringify(sampleOf(media), null, 2);
  return make('div', { class: 'question' },
    make('label', { for: id }, 'Body ', make('span', { class: 'type' }, 'JSON')),
    make('textarea', { id, name: 'body', rows: text.split('\n').length + 1, spellcheck: 'false', value: text }),
    make('details', { class: 'help' }, make('summary', {}, 'Its fields'), fieldsOf(resolved(media.schema))));
}

function form(operation) {
  const media = jsonOf(operation.requestBody);
  const command = code('The same with curl');
  const answer = make('div', { class: 'answer' });
  const request = () => {
    const { body, ...values } = Object.fromEntries(new FormData(element));
    return requestFor(operation, values, { body, key: sessionStorage.getItem(KEY) });
  };
  const draw = () => command.replaceChildren(curl(request()));
  const submit = async (event) => {
    event.preventDefault();
    answer.setAttribute('aria-busy', 'true');
    try {
      const came = await send(request());
      answer.replaceChildren(...[make('h4', {}, 'Answer'), shownAnswer(came)].flat(Infinity).filter(Boolean));
      say(`Answered with ${came.reply.status}`);
    } catch (problem) {
      answer.replaceChildren(make('p', { class: 'problem' }, `No answer: ${problem.message}`));
      say('No answer');
    }
    answer.removeAttribute('aria-busy');
  };
  const isTried = !isOrder(operation);
  const element = make('form', { onsubmit: submit, oninput: draw },
    isTried && questions(operation),
    isTried && media && bodyOf(operation, media),
    make('div', { class: 'command' }, make('p', {}, 'The same with curl', copyButton(command)), command),
    isTried ? make('p', {}, make('button', { type: 'submit', class: 'main' }, 'Send')) : make('p', { class: 'hint' }, 'For a terminal: this tells the instance to do something with itself.'));
  byId('key').addEventListener('input', draw);
  draw();
  return [element, answer];
}

function copyButton(element) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(element.textContent);
      say('Copied the command');
    } catch {
      // Without a secure context there is no clipboard.
      getSelection().selectAllChildren(element);
      say('Selected the command');
    }
  };
  return make('button', { type: 'button', class: 'quiet', onclick: copy }, 'Copy');
}
