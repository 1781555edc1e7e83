// The form beside the list of models.

function field(id, label, input, hint) {
  return make('div', { class: 'field' }, make('label', { for: id }, label), input, hint && make('p', { class: 'hint', id: `${id}-hint` }, hint));
}

function option(value, text) {
  return make('option', { value }, text);
}

function filters() {
  const typed = (name) => ({ oninput: (event) => change({ [name]: event.target.value }, { typed: true }) });
  const chosen = (name) => ({ onchange: (event) => change({ [name]: event.target.value }) });
  const inputs = {
    q: make('input', { id: 'q', type: 'search', autocomplete: 'off', spellcheck: 'false', placeholder: 'Name, id or provider', ...typed('q') }),
    provider: make('select', { id: 'provider', ...chosen('provider') }, option('', 'Any')),
    mode: make('select', { id: 'mode', ...chosen('mode') }, option('', 'Any')),
    context: make('select', { id: 'context', ...chosen('context') }, option('', 'Any'), CONTEXTS.map((size) => option(size, `${tokens(size)} or more`))),
    maxin: make('input', { id: 'maxin', type: 'number', min: 0, step: 'any', inputmode: 'decimal', placeholder: 'any', ...typed('maxin') }),
    maxout: make('input', { id: 'maxout', type: 'number', min: 0, step: 'any', inputmode: 'decimal', placeholder: 'any', ...typed('maxout') }),
  };
  const retired = make('input', { id: 'retired', type: 'checkbox', onchange: (event) => change({ retired: event.target.checked ? 'yes' : '' }) });
  const ticks = CAPABILITIES.map((name) => make('input', {
    type: 'checkbox', id: `can-${name}`, value: name,
    onchange: (event) => change({ can: event.target.checked ? [...state.can, name] : state.can.filter((one) => one !== name) }),
  }));
  const reset = make('button', {
    type: 'button', class: 'quiet',
    onclick: () => change({ q: '', provider: '', mode: '', can: [], context: '', maxin: '', maxout: '', retired: '' }),
  }, 'Clear all filters');
  // Open where there is room for it; a phone shows the list first.
  const rest = make('details', { class: 'rest', open: matchMedia('(min-width: 60rem)').matches },
    make('summary', {}, 'Filters'),
    make('div', { class: 'fields' },
      field('provider', 'Provider', inputs.provider),
      make('div', { class: 'pair' }, field('mode', 'Kind', inputs.mode), field('context', 'Context window', inputs.context)),
      make('fieldset', { class: 'pair' },
        make('legend', {}, 'Highest price, $ per million tokens'),
        field('maxin', 'Input', inputs.maxin), field('maxout', 'Output', inputs.maxout)),
      make('fieldset', { class: 'ticks' },
        make('legend', {}, 'Can do'),
        ticks.map((tick) => make('label', {}, tick, words(tick.value)))),
      make('label', { class: 'one-tick' }, retired, 'Retired models, too'),
      reset));
  const element = make('form', { class: 'filters', role: 'search', 'aria-label': 'Models', onsubmit: (event) => event.preventDefault() },
    field('q', 'Search', inputs.q), rest);

  const update = () => {
    for (const [name, input] of Object.entries(inputs)) {
      if (input.value === state[name]) continue;
      // An address may ask for what the list does not offer.
      if (input instanceof HTMLSelectElement && state[name] && ![...input.options].some((one) => one.value === state[name])) {
        input.append(option(state[name], state[name]));
      }
      input.value = state[name];
    }
    for (const tick of ticks) tick.checked = state.can.includes(tick.value);
    retired.checked = Boolean(state.retired);
    const active = Object.keys(conditions()).filter((name) => name !== 'search').length;
    rest.querySelector('summary').textContent = active ? `Filters (${active})` : 'Filters';
  };

  let offered = null;
  const offer = (rows) => {
    if (offered === rows) return;
    offered = rows;
    refill(inputs.provider, state.provider, rows.map((row) => row.provider));
    refill(inputs.mode, state.mode, rows.map((row) => row.mode).filter(Boolean));
  };
  return { element, update, offer };
}

// A choice of everything that occurs, with how often.
function refill(select, value, occurring) {
  const numbers = new Map();
  for (const one of occurring) numbers.set(one, (numbers.get(one) ?? 0) + 1);
  if (value && !numbers.has(value)) numbers.set(value, 0);
  const names = [...numbers.keys()].sort((one, other) => one.localeCompare(other, LOCALE));
  select.replaceChildren(option('', 'Any'), ...names.map((name) => option(name, `${words(name)} (${numbers.get(name)})`)));
  select.value = value;
}
