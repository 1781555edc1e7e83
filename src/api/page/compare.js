// Models side by side, and one model alone: everything the service knows of them.

function details(id) {
  return once(`models/${id.split('/').map(encodeURIComponent).join('/')}`);
}

// All of them; one that is not found is its Problem, so that the others are shown.
function allDetails(ids) {
  return Promise.all(ids.map((id) => details(id).catch((problem) => {
    if (problem instanceof Problem) return { id, model_name: id, problem };
    throw problem;
  })));
}

// A model's prices of one tier per million tokens, by what they are for.
function rates(model, tier) {
  const found = new Map();
  const add = (list, when) => {
    for (const rate of list.filter((one) => one.service_tier === tier)) {
      const above = rate.above_input_tokens ? `, above ${tokens(rate.above_input_tokens)}` : '';
      found.set(`${words(rate.component)}${above}${when}`, rate.per_million);
    }
  };
  add(model.rates, '');
  for (const step of model.steps) {
    const end = step.up_to_input_tokens ? ` to ${tokens(step.up_to_input_tokens)}` : '';
    add(step.rates, `, from ${tokens(step.above_input_tokens)}${end}`);
  }
  add(model.off_peak?.rates ?? [], ', off-peak');
  return found;
}

// What the workload costs on each model, as `/compare` said in the same order.
function costLines(costs, models) {
  const line = (title, all) => ({ title, cells: marked(costs.map((row) => row.is_available ? all(row).total_cost : null), models, amount) });
  return [line('One request', (row) => row), line(`${DAYS} days`, (row) => row.all_requests ?? row)];
}

// Figures as cells, the lowest one marked where there is something to choose; nobody chooses what is retired.
function marked(figures, models, shown) {
  const isOffered = (figure, at) => typeof figure === 'string' && models[at].status !== 'retired';
  const known = figures.filter(isOffered).map(Number);
  const lowest = Math.min(...known);
  const isChoice = known.some((figure) => figure > lowest);
  return figures.map((figure, at) => {
    const cell = shown(figure ?? null);
    return isChoice && isOffered(figure, at) && Number(figure) === lowest ? make('b', { class: 'lowest' }, cell, make('span', { class: 'unseen' }, ' lowest')) : cell;
  });
}

function groupsOf(models, tier, costs) {
  const known = models.filter((model) => !model.problem);
  const line = (title, cell) => ({ title, cells: models.map((model) => model.problem ? '–' : cell(model) ?? '–') });
  const facts = [
    line('Provider', (model) => model.provider),
    line('Kind', (model) => model.mode && words(model.mode)),
    line('Status', (model) => standing(model.status, model.deprecation_date) ?? 'active'),
    line('Context window', (model) => count(model.context_window)),
    line('Longest output', (model) => count(model.max_output_tokens)),
    line('Best for', (model) => model.best_for),
  ];
  const priced = known.map((model) => rates(model, tier));
  const names = [...new Set(priced.flatMap((one) => [...one.keys()]))];
  const prices = names.map((name) => ({ title: name, cells: marked(models.map((model) => model.problem ? null : rates(model, tier).get(name)), models, price) }));
  const units = [...new Set(known.flatMap((model) => model.units.map((one) => one.unit)))];
  const others = units.map((unit) => line(words(unit), (model) => {
    const found = model.units.find((one) => one.unit === unit);
    return found && amount(found.usd);
  }));
  const occurring = CAPABILITIES.filter((name) => known.some((model) => [...model.capabilities.can, ...model.capabilities.cannot].includes(name)));
  const abilities = occurring.map((name) => line(words(name), (model) => {
    if (model.capabilities.can.includes(name)) return make('span', { class: 'yes' }, 'yes');
    return make('span', { class: 'muted' }, model.capabilities.cannot.includes(name) ? 'no' : 'unknown');
  }));
  const stated = [line('Price of', (model) => day(model.price_as_of)), line('Stated by', (model) => publisher(model.source))];
  return [
    ['Facts', facts, 'text'],
    ['Cost of the workload', costs ? costLines(costs, models) : [], 'number'],
    [`Prices, $ per million tokens, ${tier}`, prices.length ? prices : [line('any', () => 'not published')], 'number'],
    ['Other prices', others, 'number'],
    ['Can do', abilities, 'text'],
    ['Source', stated, 'text'],
  ].filter(([, lines]) => lines.length);
}

function sideBySide(models, heading, costs) {
  return make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Comparison, scrolls sideways' },
    make('table', { class: 'sides' },
      make('caption', { class: 'unseen' }, 'Models side by side'),
      make('thead', {}, make('tr', {}, make('td', {}), models.map(heading))),
      groupsOf(models, state.tier, costs).map(([title, lines, kind]) => make('tbody', {},
        make('tr', { class: 'group' }, make('th', { scope: 'rowgroup', colspan: models.length + 1 }, title)),
        lines.map((one) => make('tr', {}, make('th', { scope: 'row' }, one.title), one.cells.map((cell) => make('td', { class: kind }, cell))))))));
}

const TIERS = ['standard', 'batch', 'flex', 'priority', 'balanced', 'ultrafast'];

function tierField() {
  const select = make('select', { id: 'tier', onchange: (event) => change({ tier: event.target.value }) }, TIERS.map((tier) => option(tier, tier)));
  const update = () => {
    select.value = TIERS.includes(state.tier) ? state.tier : 'standard';
  };
  return { element: field('tier', 'Service tier', select), update };
}

function chooseFirst() {
  return make('p', { class: 'empty' }, 'No models are chosen yet. ', make('a', { href: link({ view: 'models' }) }, 'Find some'), ' and tick up to six.');
}

function compareView(root) {
  const tier = tierField();
  const place = make('div', { class: 'place' });
  let turn = 0;
  const request = () => ({ path: 'compare', query: { models: state.m, ...workload() } });
  const copy = curlButton(request);
  const load = make('p', { class: 'hint' });
  root.append(
    make('div', { class: 'headline' }, make('h1', {}, 'Compare'), make('div', { class: 'tools' }, tier.element, copy)),
    load, place);
  const heading = (model) => make('th', { scope: 'col' },
    model.problem ? model.id : make('a', { href: link({ view: 'model', id: model.id }), title: model.id }, model.model_name),
    model.problem && make('span', { class: 'problem' }, model.problem.message),
    make('button', { type: 'button', class: 'quiet', 'aria-label': `Remove ${model.model_name}`, onclick: () => choose(model.id, false) }, 'Remove'));
  const update = async () => {
    const mine = (turn += 1);
    tier.update();
    const isPriced = state.m.length > 0 && isSound();
    copy.disabled = !isPriced;
    load.hidden = !isPriced;
    swap(load, `Costs are of ${count(state.in)} tokens in and ${count(state.out)} out, ${count(state.perday)} times a day. `, make('a', { href: link({ view: 'calculator' }) }, 'Change the workload'));
    if (state.m.length === 0) return swap(place, chooseFirst());
    await intoPlace(place, async () => {
      const { path, query } = request();
      const [models, said] = await Promise.all([allDetails(state.m), isPriced ? ask(path, { query }) : null]);
      return sideBySide(models, heading, said?.models);
    }, () => mine === turn);
  };
  return { update };
}

function modelView(root) {
  const tier = tierField();
  const title = make('h1', {}, state.id);
  const add = make('button', { type: 'button', class: 'main', onclick: () => choose(state.id) });
  const place = make('div', { class: 'place' });
  let turn = 0;
  root.append(
    make('div', { class: 'headline' }, make('a', { href: link({ view: 'models' }) }, 'All models'), title,
      make('div', { class: 'tools' }, tier.element, add, curlButton(() => ({ path: `models/${state.id}` })))),
    place);
  const update = async () => {
    const mine = (turn += 1);
    tier.update();
    title.textContent = state.id;
    add.textContent = isChosen(state.id) ? 'Remove from comparison' : 'Add to comparison';
    const heading = (model) => make('th', { scope: 'col' }, model.model_name);
    await intoPlace(place, async () => sideBySide([await details(state.id)], heading), () => mine === turn);
  };
  return { update };
}

// Shows what it is given when that is there, or why it is not.
async function intoPlace(place, made, isWanted) {
  place.setAttribute('aria-busy', 'true');
  let element;
  try {
    element = await made();
  } catch (problem) {
    element = make('p', { class: 'problem', role: 'alert' }, problem.message);
  }
  if (!isWanted()) return;
  place.removeAttribute('aria-busy');
  swap(place, element);
}
