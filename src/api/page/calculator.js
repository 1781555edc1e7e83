// What a workload costs in a month, on the chosen models and on the cheapest ones that there are.

const DAYS = 30;

const FIGURES = {
  in: { title: 'Input tokens a request', max: 1e15, whole: true },
  cached: { title: 'Of these read from the cache, %', max: 100 },
  out: { title: 'Output tokens a request', max: 1e15, whole: true },
  perday: { title: 'Requests a day', min: 1, max: 3e10, whole: true },
};

// What is wrong with a figure of the form, or null.
function flaw(name) {
  const { min = 0, max, whole } = FIGURES[name];
  const number = Number(state[name]);
  const isFigure = state[name].trim() !== '' && Number.isFinite(number) && number >= min && number <= max && (!whole || Number.isInteger(number));
  return isFigure ? null : `${whole ? 'A whole number' : 'A number'} from ${count(min)} to ${count(max)}`;
}

function isSound() {
  return Object.keys(FIGURES).every((name) => !flaw(name));
}

// The call as the service takes it; the month as so many of them.
function workload(input = Number(state.in), requests = Number(state.perday) * DAYS) {
  const cached = Math.round((input * Number(state.cached)) / 100);
  return {
    input_tokens: input,
    output_tokens: Number(state.out),
    ...(cached > 0 && { cache_read_input_tokens: cached }),
    ...(state.tier !== 'standard' && { service_tier: state.tier }),
    ...(requests > 1 && { requests }),
  };
}

function calculatorView(root) {
  const form = workloadForm();
  const results = make('div', { class: 'place' });
  const chart = chartPanel();
  const cheapest = cheapestPanel();
  const request = () => ({ path: 'cost-estimate/batch', body: { model_names: state.m, ...workload() } });
  const copy = curlButton(request);
  let asked = null;
  let abort = new AbortController();

  root.append(
    make('div', { class: 'headline' }, make('h1', {}, 'Calculator'), make('div', { class: 'tools' }, copy)),
    make('div', { class: 'calculator' }, form.element,
      make('div', { class: 'answers' },
        make('section', { 'aria-labelledby': 'month-title' }, make('h2', { id: 'month-title' }, 'Cost per month'), make('p', { class: 'hint' }, `${DAYS} days of the workload, cheapest first; retired models last.`), results),
        chart.element, cheapest.element)));

  const calculate = async () => {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const isWanted = () => !signal.aborted;
    cheapest.update(signal);
    if (state.m.length === 0) {
      chart.clear();
      results.removeAttribute('aria-busy');
      return swap(results, chooseFirst());
    }
    await intoPlace(results, async () => {
      const { path, body } = request();
      const [said, models] = await Promise.all([ask(path, { body, signal }), allDetails(state.m)]);
      return resultTable(said, models);
    }, isWanted);
    if (isWanted()) chart.update(signal);
  };
  const soon = settled(200, calculate);

  const update = () => {
    form.update();
    copy.disabled = !isSound() || state.m.length === 0;
    const wanted = JSON.stringify([state.m, workload(), state.upto, conditions()]);
    if (wanted === asked || !isSound()) return;
    const isFirst = asked === null;
    asked = wanted;
    // What is there is of the figures before.
    results.setAttribute('aria-busy', 'true');
    if (isFirst) calculate();
    else soon();
  };
  return {
    update,
    leave: () => {
      abort.abort();
      chart.leave();
    },
  };
}

function workloadForm() {
  const inputs = Object.entries(FIGURES).map(([name, { min = 0, max, whole }]) => make('input', {
    id: name, type: 'number', min, max, step: whole ? 1 : 'any', inputmode: whole ? 'numeric' : 'decimal', required: true,
    'aria-describedby': `${name}-hint`, oninput: (event) => change({ [name]: event.target.value }, { typed: true }),
  }));
  const tier = tierField();
  const element = make('form', { class: 'workload', 'aria-label': 'Workload', onsubmit: (event) => event.preventDefault() },
    make('h2', {}, 'Workload'),
    inputs.map((input) => field(input.id, FIGURES[input.id].title, input, ' ')),
    tier.element,
    make('p', { class: 'hint' }, 'The service does the sums, with every tier, threshold and surcharge it knows.'));
  const update = () => {
    tier.update();
    for (const input of inputs) {
      if (input.value !== state[input.id]) input.value = state[input.id];
      const wrong = flaw(input.id);
      input.toggleAttribute('aria-invalid', Boolean(wrong));
      if (wrong) input.setAttribute('aria-invalid', 'true');
      element.querySelector(`#${input.id}-hint`).textContent = wrong ?? '';
    }
  };
  return { element, update };
}

function resultTable(said, models) {
  const rows = said.models.map((row, at) => ({ row, at, model: models[at], all: row.all_requests ?? row }));
  const most = Math.max(...rows.map(({ all }) => Number(all.total_cost)), 0);
  const rank = ({ row, model }) => (row.is_available ? (model.status === 'retired' ? 1 : 0) : 2);
  const byCost = rows.toSorted((one, other) => rank(one) - rank(other) || Number(one.all.total_cost) - Number(other.all.total_cost));
  const warnings = said.warnings.map((text) => make('p', { class: 'hint' }, text));
  return make('div', {}, make('table', { class: 'results' },
    make('caption', { class: 'unseen' }, 'Cost per month on each model'),
    make('thead', {}, make('tr', {},
      make('th', { scope: 'col' }, 'Model'),
      make('th', { scope: 'col', class: 'number middle' }, 'One request'),
      make('th', { scope: 'col', class: 'number wide' }, 'Input'),
      make('th', { scope: 'col', class: 'number wide' }, 'Output'),
      make('th', { scope: 'col', class: 'number' }, 'Month'),
      make('th', { scope: 'col', class: 'middle' }, 'Price of, stated by'))),
    make('tbody', {}, byCost.map((one) => resultRow(one, said, most)))), warnings);
}

function resultRow({ row, at, model, all }, said, most) {
  const name = make('th', { scope: 'row' },
    make('span', { class: `key s${at + 1}`, 'aria-hidden': 'true' }, at + 1), ' ',
    make('a', { href: link({ view: 'model', id: model.id }), title: model.id }, row.model_name),
    row.resolved_model && row.resolved_model === said.cheapest_resolved_model && said.models.length > 1 && make('span', { class: 'tag best' }, 'cheapest'),
    make('span', { class: 'below' }, row.provider === 'unknown' ? '' : row.provider),
    model.source && make('span', { class: 'below narrowest' }, origin(model.source, model.price_as_of)));
  if (!row.is_available) return make('tr', {}, name, make('td', { colspan: 5, class: 'problem' }, row.error_message));
  const bar = make('span', { class: 'bar', 'aria-hidden': 'true' });
  // A length on the screen, not an amount.
  bar.style.setProperty('--part', most > 0 ? Number(all.total_cost) / most : 0);
  const notes = [row.service_tier !== state.tier && `billed as ${row.service_tier}`, row.threshold_applied && `rates above ${tokens(row.threshold_applied)} input tokens`, ...row.warnings].filter(Boolean);
  if (notes.length) name.append(make('ul', { class: 'notes' }, notes.map((text) => make('li', {}, text))));
  return make('tr', { 'data-id': row.resolved_model },
    name,
    make('td', { class: 'number middle one' }, amount(row.total_cost)),
    make('td', { class: 'number wide' }, amount(all.input_cost)),
    make('td', { class: 'number wide' }, amount(all.output_cost)),
    make('td', { class: 'number month' }, amount(all.total_cost), bar),
    make('td', { class: 'middle' }, model.source && origin(model.source, model.price_as_of)));
}

// Who does this for the least, among all that the filters of the models leave.
function cheapestPanel() {
  const list = make('div', { class: 'place' });
  const among = make('p', { class: 'hint' });
  const request = () => ({ path: 'cost-estimate/cheapest', body: cheapestBody() });
  const element = make('section', { 'aria-labelledby': 'cheapest-title' },
    make('div', { class: 'headline' }, make('h2', { id: 'cheapest-title' }, 'Cheapest for this workload'), curlButton(request)), among, list);
  const update = (signal) => intoPlace(list, async () => {
    const { path, body } = request();
    const [said, rows] = await Promise.all([ask(path, { body, signal }), listed(state.retired)]);
    const filters = Object.entries(conditions()).map(([name, value]) => `${words(name)} ${value}`);
    swap(among, `Of ${count(said.total_models)} models`, filters.length ? ` that fit your filters (${filters.join('; ')}). ` : '. ', make('a', { href: link({ view: 'models' }) }, 'Change the filters'));
    return cheapestTable(said, new Map(rows.map((row) => [row.id, row])));
  }, () => !signal.aborted);
  return { element, update };
}

function cheapestBody() {
  const { supports, min_context, max_input_price, max_output_price, include_retired, ...texts } = conditions();
  return {
    ...workload(), limit: 8, ...texts,
    ...(supports && { supports: supports.split(',') }),
    ...(min_context && { min_context: Number(min_context) }),
    ...(max_input_price && { max_input_price: Number(max_input_price) }),
    ...(max_output_price && { max_output_price: Number(max_output_price) }),
    ...(include_retired && { include_retired: true }),
  };
}

function cheapestTable(said, rows) {
  if (said.models.length === 0) return make('p', { class: 'empty' }, 'No model fits these filters.');
  const stated = (id) => rows.has(id) && origin(rows.get(id).source, rows.get(id).as_of);
  return make('table', { class: 'results' },
    make('caption', { class: 'unseen' }, 'The cheapest models for this workload'),
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Model'), make('th', { scope: 'col', class: 'number middle' }, 'One request'),
      make('th', { scope: 'col', class: 'number' }, 'Month'), make('th', { scope: 'col', class: 'middle' }, 'Price of, stated by'),
      make('th', { scope: 'col' }, make('span', { class: 'unseen' }, 'Compare')))),
    make('tbody', {}, said.models.map((row) => make('tr', {},
      make('th', { scope: 'row' },
        make('a', { href: link({ view: 'model', id: row.resolved_model }), title: row.resolved_model }, row.model_name),
        make('span', { class: 'below' }, row.provider), make('span', { class: 'below narrowest' }, stated(row.resolved_model))),
      make('td', { class: 'number middle' }, amount(row.total_cost)),
      make('td', { class: 'number' }, amount((row.all_requests ?? row).total_cost)),
      make('td', { class: 'middle' }, stated(row.resolved_model)),
      make('td', { class: 'number' }, isChosen(row.resolved_model) ? 'chosen'
        : make('button', { type: 'button', class: 'quiet', 'aria-label': `Add ${row.resolved_model} to the comparison`, onclick: () => choose(row.resolved_model, true) }, 'Add'))))));
}
