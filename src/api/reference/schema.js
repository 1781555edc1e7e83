// Types, in words and as fields.

// Several of them, with a word in between.
function between(pieces, word) {
  return pieces.flatMap((piece, at) => (at ? [word, piece] : [piece]));
}

function typeOf(schema) {
  if (schema === true) return ['anything'];
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return [make('a', { href: new URL(`redoc#schema-${name}`, BASE).href }, name)];
  }
  const choices = schema.anyOf ?? (schema.properties ? null : schema.oneOf);
  if (choices) return between(choices.map(typeOf), ' or ');
  if ('const' in schema) return [make('code', {}, JSON.stringify(schema.const))];
  const named = [schema.type ?? (schema.enum ? typeof schema.enum[0] : 'anything')].flat();
  return between(named.map((name) => typeNamed(name, schema)), ' or ');
}

function typeNamed(name, schema) {
  if (name === 'array' && schema.items) return ['list of ', typeOf(schema.items)];
  if (name === 'array' && schema.prefixItems) return ['[', between(schema.prefixItems.map(typeOf), ', '), ']'];
  if (name === 'object' && schema.additionalProperties) return ['object of ', typeOf(schema.additionalProperties), ' by name'];
  return schema.format ? `${name} (${schema.format})` : name;
}

// What is said of a value besides its type.
function limitsOf(schema) {
  const code = (value) => make('code', {}, JSON.stringify(value));
  const range = (low, high, unit) => {
    if (high === undefined) return low ? `at least ${grouped(low)}${unit}` : null;
    return low ? `${grouped(low)} to ${grouped(high)}${unit}` : `at most ${grouped(high)}${unit}`;
  };
  const words = schema.enum ?? schema.items?.enum;
  const said = [
    range(schema.minimum, schema.maximum, ''),
    range(schema.minLength, schema.maxLength, ' characters'),
    range(schema.minItems, schema.maxItems, ' items'),
    schema.multipleOf && `a multiple of ${schema.multipleOf}`,
    schema.pattern && ['matches ', make('code', {}, schema.pattern)],
    words && ['one of ', between(words.filter((word) => word !== null).map(code), ', ')],
    schema.default !== undefined && ['default ', code(schema.default)],
  ].filter(Boolean);
  return said.length ? make('p', { class: 'limits' }, between(said, '; ')) : null;
}

// One thing with a name: a parameter, a field, a header. Its tag says whether it is there.
function field(name, schema, { tag, text, example } = {}) {
  const shown = example === undefined ? null : make('p', { class: 'limits' }, 'for example ', make('code', {}, JSON.stringify(example)));
  return make('li', {},
    make('p', { class: 'field-name' }, make('code', {}, name), ' ', make('span', { class: 'type' }, typeOf(schema)), tag && make('span', { class: 'tag' }, tag)),
    text && make('p', {}, sentence(text)),
    limitsOf(schema),
    shown,
    fieldsOf(schema.items ?? schema),
  );
}

// The fields of an object whose type has no name of its own; null when it is no such object. What is sent
// has to have some fields, and what is received lacks some.
function fieldsOf(schema, isReceived = false) {
  if (!schema.properties) return null;
  const required = schema.required ?? [];
  const tag = (name) => (isReceived ? !required.includes(name) && 'not always there' : required.includes(name) && 'required');
  return make('ul', { class: 'fields' }, Object.entries(schema.properties).map(([name, one]) =>
    field(name, one, { tag: tag(name), text: one.description, example: one.examples?.[0] })));
}
