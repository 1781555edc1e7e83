// Finding models: everything that is listed, narrowed down with every key that is pressed.

const CAPABILITIES = [
  'function_calling', 'parallel_function_calling', 'tool_choice', 'reasoning', 'response_schema', 'prompt_caching',
  'vision', 'pdf_input', 'audio_input', 'video_input', 'audio_output', 'image_output', 'video_output', 'computer_use',
  'web_search', 'url_context',
];
const CONTEXTS = [8_000, 32_000, 128_000, 200_000, 400_000, 1_000_000];
const ROWS_AT_ONCE = 60;

const COLUMNS = [
  { name: 'model_name', title: 'Model', of: (row) => row.name.toLowerCase() },
  { name: 'provider', title: 'Provider', of: (row) => row.provider, class: 'wide' },
  { name: 'context_window', title: 'Context', of: (row) => row.context, down: true, class: 'number context middle' },
  { name: 'cost_per_input_token', title: 'Input', unit: '$ / 1M tokens', of: (row) => Number(row.input), class: 'number' },
  { name: 'cost_per_output_token', title: 'Output', unit: '$ / 1M tokens', of: (row) => row.output && Number(row.output), class: 'number' },
];

const lists = new Map();

// The answer to a GET that stays the same while the page is open; what failed is asked again.
function once(path, query) {
  const name = address(path, query).href;
  if (!lists.has(name)) {
    lists.set(name, ask(path, { query }).catch((problem) => {
      lists.delete(name);
      throw problem;
    }));
  }
  return lists.get(name);
}

async function listed(retired) {
  const list = await once('pricing', retired ? { include_retired: 'true' } : {});
  list.rows ??= list.models.map((model) => ({
    id: model.id,
    name: model.model_name,
    provider: model.provider,
    mode: model.mode,
    context: model.context_window,
    input: model.cost_at_1m_tokens.input_cost,
    // Lists have a zero there, since v1 knew no other way; an embedding has no output.
    output: model.mode === 'embedding' ? null : model.cost_at_1m_tokens.output_cost,
    status: model.status,
    ends: model.deprecation_date,
    source: model.source,
    as_of: model.last_updated,
    text: `${model.id}\n${model.model_name}\n${model.provider}`.toLowerCase(),
  }));
  return list.rows;
}

// The conditions as the service takes them.
function conditions() {
  const wanted = {
    search: state.q.trim(), provider: state.provider, mode: state.mode, supports: state.can.join(','),
    min_context: state.context, max_input_price: state.maxin, max_output_price: state.maxout,
    include_retired: state.retired && 'true',
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value));
}

// Lists do not say what a model can do, and prices are compared by the service alone: it says who is left.
async function approved() {
  const { supports, max_input_price, max_output_price, include_retired } = conditions();
  if (!supports && !max_input_price && !max_output_price) return null;
  const query = { supports, max_input_price, max_output_price, include_retired };
  const list = await once('performance', Object.fromEntries(Object.entries(query).filter(([, value]) => value)));
  list.ids ??= new Set(list.models.map((model) => model.id));
  return list.ids;
}

function narrowed(rows, allowed) {
  const text = state.q.trim().toLowerCase();
  const context = Number(state.context) || 0;
  const found = rows.filter((row) => row.text.includes(text)
    && (!state.provider || row.provider === state.provider)
    && (!state.mode || row.mode === state.mode)
    && (!context || row.context >= context)
    && (!allowed || allowed.has(row.id)));
  const column = COLUMNS.find((one) => one.name === state.sort);
  return column ? sorted(found, column) : found;
}

// Unknown figures come last in both directions, as in the service's own lists.
function sorted(rows, column) {
  const sign = direction(column) === 'desc' ? -1 : 1;
  return rows.sort((one, other) => {
    const [left, right] = [column.of(one), column.of(other)];
    if (left === null || right === null) return (left === null) - (right === null);
    return left < right ? -sign : left > right ? sign : 0;
  });
}

function direction(column) {
  return state.order || (column.down ? 'desc' : 'asc');
}

function modelsView(root) {
  const body = make('tbody');
  const total = make('p', { class: 'total', role: 'status' });
  const more = make('button', { type: 'button', class: 'more', onclick: () => append(ROWS_AT_ONCE * 4) });
  const table = make('table', { class: 'list' }, make('caption', { class: 'unseen' }, 'Models and their prices'), make('thead'), body);
  const form = filters();
  let rows = [];
  let shown = 0;
  let turn = 0;
  let listing = null;

  const append = (number) => {
    const isFocused = document.activeElement === more;
    const next = rows.slice(shown, shown + number).map(modelRow);
    body.append(...next);
    shown += next.length;
    more.hidden = shown >= rows.length;
    // With the button the focus would be gone; the keyboard goes on in the rows it has asked for.
    if (isFocused) next[0]?.querySelector('input').focus();
    more.textContent = `Show more of ${count(rows.length)}`;
  };
  const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && append(ROWS_AT_ONCE), { rootMargin: '400px' });
  watcher.observe(more);

  const request = () => {
    const column = COLUMNS.find((one) => one.name === state.sort);
    return { path: 'pricing', query: { ...conditions(), ...(column && { sort_by: column.name, order: direction(column) }) } };
  };
  root.append(
    make('div', { class: 'find' },
      form.element,
      make('section', { class: 'found', 'aria-labelledby': 'found-title' },
        make('div', { class: 'headline' }, make('h1', { id: 'found-title' }, 'Models'), total, curlButton(request)),
        make('div', { class: 'scroll' }, table), more)));

  const update = async () => {
    // A tick in a row does not make the rows anew.
    const wanted = JSON.stringify([conditions(), state.sort, state.order]);
    if (wanted === listing) return refresh(body);
    listing = wanted;
    const mine = (turn += 1);
    form.update();
    swap(table.tHead, headings());
    table.setAttribute('aria-busy', 'true');
    try {
      const [all, allowed] = await Promise.all([listed(state.retired), approved()]);
      if (mine !== turn) return;
      form.offer(all);
      rows = narrowed(all, allowed);
      shown = 0;
      body.replaceChildren();
      table.setAttribute('aria-rowcount', rows.length + 1);
      append(ROWS_AT_ONCE);
      total.textContent = rows.length === all.length ? `${count(all.length)} models` : `${count(rows.length)} of ${count(all.length)} models`;
      if (rows.length === 0) body.append(make('tr', {}, make('td', { colspan: 7, class: 'empty' }, 'Nothing fits. Loosen a filter, or look among retired models, too.')));
    } catch (problem) {
      if (mine === turn) {
        listing = null;
        rows = [];
        body.replaceChildren(make('tr', {}, make('td', { colspan: 7, class: 'problem' }, problem.message)));
        total.textContent = '';
        more.hidden = true;
      }
    }
    if (mine === turn) table.removeAttribute('aria-busy');
  };
  return { update, leave: () => watcher.disconnect() };
}

function headings() {
  const cells = COLUMNS.map((column) => {
    const isSorted = state.sort === column.name;
    const now = isSorted ? direction(column) : null;
    const next = isSorted ? { order: now === 'asc' ? 'desc' : 'asc' } : { sort: column.name, order: '' };
    return make('th', { scope: 'col', class: column.class, 'aria-sort': now && `${now}ending` },
      make('button', { type: 'button', onclick: () => change(next) },
        now && make('span', { class: 'arrow', 'aria-hidden': 'true' }, now === 'asc' ? '↑' : '↓'), column.title,
        column.unit && make('span', { class: 'unit' }, column.unit)));
  });
  return make('tr', {},
    make('th', { scope: 'col', class: 'tick' }, make('span', { class: 'unseen' }, 'Compare')),
    ...cells,
    make('th', { scope: 'col', class: 'source middle' }, 'Price of, stated by'));
}

function modelRow(row) {
  const tick = make('input', {
    type: 'checkbox', checked: isChosen(row.id), 'aria-label': `Compare ${row.name} of ${row.provider}`,
    onchange: (event) => {
      choose(row.id, event.target.checked);
      event.target.checked = isChosen(row.id);
    },
  });
  return make('tr', { 'data-id': row.id },
    make('td', { class: 'tick' }, tick),
    make('th', { scope: 'row' },
      make('a', { href: link({ view: 'model', id: row.id }), title: row.id }, row.name), standing(row.status, row.ends),
      make('span', { class: 'narrow' }, row.provider, make('span', { class: 'narrowest' }, origin(row.source, row.as_of)))),
    make('td', { class: 'wide' }, row.provider),
    make('td', { class: 'number middle', title: row.context && `${count(row.context)} tokens` }, tokens(row.context)),
    make('td', { class: 'number' }, price(row.input)),
    make('td', { class: 'number' }, price(row.output)),
    make('td', { class: 'source middle' }, origin(row.source, row.as_of)));
}

// What of the rows follows from the choice.
function refresh(body) {
  for (const row of body.querySelectorAll('[data-id]')) {
    const { id } = row.dataset;
    row.querySelector('input').checked = isChosen(id);
    row.querySelector('th a').href = link({ view: 'model', id });
  }
}

// What there is to say of a model that will not be there for long.
function standing(status, ends) {
  if (status === 'active') return null;
  return make('span', { class: `tag ${status}` }, status === 'retired' ? 'retired' : `until ${ends}`);
}
