// Cost of one request against the length of its input.

const MARGIN = { top: 32, right: 34, bottom: 44, left: 62 };
const LENGTHS = [1_000, 10_000, 32_000, 128_000, 200_000, 400_000, 1_000_000];

function chartPanel() {
  const figure = make('div', { class: 'chart' });
  const legend = make('ul', { class: 'legend' });
  const list = make('ul', { class: 'crossings' });
  const data = make('div');
  const upto = make('select', { id: 'upto', onchange: (event) => change({ upto: event.target.value }) },
    option('', 'Best fit'), option('all', 'The longest window'), LENGTHS.map((length) => option(length, `${tokens(length)} tokens`)));
  const element = make('section', { 'aria-labelledby': 'chart-title', hidden: true },
    make('div', { class: 'headline' }, make('h2', { id: 'chart-title' }, 'Cost by length of input'), field('upto', 'Shown up to', upto)),
    legend, figure,
    make('h3', {}, 'Where the cheaper one changes'), list,
    make('details', { class: 'rest' }, make('summary', {}, 'The figures of the chart'), data));
  let last = null;
  const redraw = () => {
    if (last && figure.clientWidth) figure.replaceChildren(plot(last, figure.clientWidth));
  };
  const watcher = new ResizeObserver(redraw);
  watcher.observe(figure);

  const update = async (signal) => {
    element.hidden = false;
    upto.value = state.upto === 'all' || LENGTHS.includes(Number(state.upto)) ? state.upto : '';
    element.setAttribute('aria-busy', 'true');
    try {
      const models = await allDetails(state.m);
      const all = Math.max(...models.map((model) => model.context_window ?? 0)) || 128_000;
      const at = surveyor(signal);
      const surveyed = await survey(at, models, Math.max(all, Number(upto.value) || 0));
      const crossed = await crossings(at, surveyed, models);
      const longest = upto.value === 'all' ? all : Number(upto.value) || telling(models, crossed, all);
      const points = [...surveyed.filter((point) => point.input < longest), await at(longest)];
      const here = Number(state.in) <= longest ? await at(Number(state.in)) : null;
      if (signal.aborted) return;
      last = { points, models, crossed, here, longest };
      legend.replaceChildren(...models.map((model, at) => make('li', {}, badge(at), ` ${model.model_name}`)));
      redraw();
      list.replaceChildren(...told(last));
      swap(data, figures(last));
      element.removeAttribute('aria-busy');
    } catch (problem) {
      if (signal.aborted) return;
      last = null;
      figure.replaceChildren(make('p', { class: 'problem', role: 'alert' }, problem.message));
    }
  };
  const clear = () => {
    last = null;
    element.hidden = true;
  };
  return { element, update, clear, leave: () => watcher.disconnect() };
}

// The length of input up to which something happens: thresholds, crossings, the end of the shortest window,
// and the workload. The longest window alone would leave all that in a corner.
function telling(models, crossed, all) {
  const windows = models.map((model) => model.context_window).filter(Boolean);
  const marks = [
    Math.min(...windows, all), Number(state.in) * 1.5,
    ...thresholds(models).map((input) => input * 1.4), ...crossed.map(({ input }) => input * 1.25),
  ];
  const rough = Math.max(...marks, 10);
  const unit = 10 ** (Math.floor(Math.log10(rough)) - 1);
  return Math.min(all, Math.ceil(rough / unit) * unit);
}

// The crossing points in words.
function told({ crossed, models }) {
  if (crossed.length === 0) return [make('li', { class: 'muted' }, models.length > 1 ? 'Nowhere: the order stays the same.' : 'Choose a second model to see where they cross.')];
  return crossed.map(({ input, point, cheaper, dearer }) => make('li', { 'data-input': input, 'data-cheaper': models[cheaper].id, 'data-dearer': models[dearer].id },
    'From ', make('b', { class: 'figure' }, count(input)), ' tokens on, ', badge(cheaper), ` ${models[cheaper].model_name} costs less than `, badge(dearer), ` ${models[dearer].model_name}: `,
    ...apart(point.costs[cheaper], point.costs[dearer])));
}

// Two amounts with enough digits to tell them apart.
function apart(one, other) {
  const size = Math.min(1, Math.abs(Number(one) - Number(other)) || 1, Number(one) || 1);
  return [amount(one, size), ' against ', amount(other, size)];
}

function badge(at) {
  return make('span', { class: `key s${at + 1}`, 'aria-hidden': 'true' }, at + 1);
}

function figures({ points, models }) {
  return make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Figures of the chart' }, make('table', { class: 'sides' },
    make('caption', { class: 'unseen' }, 'Cost of one request by length of input'),
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Input tokens'), models.map((model) => make('th', { scope: 'col' }, model.model_name)))),
    make('tbody', {}, points.map((point) => make('tr', {}, make('th', { scope: 'row', class: 'number' }, count(point.input)),
      point.costs.map((cost, at) => make('td', { class: 'number' }, cost === null || !isWithin(models[at], point.input) ? '–' : amount(cost))))))));
}

// Round figures from nothing to the most, about so many.
function ticks(most, about) {
  const rough = most / about || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, at) => at * step);
}

function plot({ points, models, crossed, here, longest }, width) {
  const height = Math.round(Math.min(380, Math.max(240, width * 0.5)));
  const seen = points.flatMap((point) => point.costs.filter((cost, at) => cost !== null && isWithin(models[at], point.input))).map(Number);
  const most = Math.max(...seen, 0) || 1;
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  const x = (input) => MARGIN.left + (input / longest) * (right - MARGIN.left);
  const y = (cost) => bottom - (Number(cost) / most) * (bottom - MARGIN.top);
  const names = models.map((model, at) => `${at + 1}: ${model.model_name}`).join(', ');
  const svg = draw('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': `Cost of one request by length of input, ${names}. The figures are in the table below.` });

  for (const cost of ticks(most, 5)) {
    svg.append(draw('line', { class: 'grid', x1: MARGIN.left, x2: right, y1: y(cost), y2: y(cost) }),
      draw('text', { class: 'tick', x: MARGIN.left - 8, y: y(cost) + 4, 'text-anchor': 'end' }, cost === 0 ? '$0' : money(cost, ticks(most, 5)[1])));
  }
  for (const input of ticks(longest, width < 480 ? 4 : 8)) {
    svg.append(draw('line', { class: 'grid short', x1: x(input), x2: x(input), y1: bottom, y2: bottom + 4 }),
      draw('text', { class: 'tick', x: x(input), y: bottom + 18, 'text-anchor': 'middle' }, tokens(input)));
  }
  svg.append(draw('text', { class: 'tick', x: (MARGIN.left + right) / 2, y: height - 6, 'text-anchor': 'middle' }, 'input tokens of one request'));
  let labelled = -Infinity;
  for (const threshold of thresholds(models).filter((one) => one < longest)) {
    svg.append(draw('line', { class: 'threshold', x1: x(threshold), x2: x(threshold), y1: MARGIN.top, y2: bottom }));
    if (x(threshold) - labelled > 90) {
      labelled = x(threshold);
      svg.append(draw('text', { class: 'tick', x: labelled, y: MARGIN.top - 16, 'text-anchor': labelled > right - 50 ? 'end' : 'middle' }, `tier above ${tokens(threshold)}`));
    }
  }
  if (here) svg.append(draw('line', { class: 'here', x1: x(here.input), x2: x(here.input), y1: MARGIN.top, y2: bottom }), draw('text', { class: 'tick', x: x(here.input) + 5, y: MARGIN.top + 8 }, `your ${tokens(here.input)}`));

  const ends = models.map((model, at) => {
    const known = points.filter((point) => point.costs[at] !== null && isWithin(model, point.input));
    if (known.length === 0) return null;
    const path = known.map((point, first) => `${first ? 'L' : 'M'}${x(point.input).toFixed(1)} ${y(point.costs[at]).toFixed(1)}`).join('');
    svg.append(draw('path', { class: `line s${at + 1}`, d: path }));
    const end = known.at(-1);
    return { at, x: x(end.input), y: y(end.costs[at]) };
  }).filter(Boolean);
  for (const { point, cheaper } of crossed.filter(({ input }) => input <= longest)) svg.append(draw('circle', { class: 'crossing', cx: x(point.input), cy: y(point.costs[cheaper]), r: 4.5 }));
  if (here) here.costs.forEach((cost, at) => cost !== null && isWithin(models[at], here.input) && svg.append(draw('circle', { class: `dot s${at + 1}`, cx: x(here.input), cy: y(cost), r: 3.5 })));

  // Which line is whose, without a word on top of another.
  const taken = [];
  for (const end of ends.sort((one, other) => one.y - other.y)) {
    const place = { x: end.x + 14, y: end.y };
    while (taken.some((one) => Math.abs(one.x - place.x) < 17 && Math.abs(one.y - place.y) < 17)) place.y += 2;
    taken.push(place);
    svg.append(draw('circle', { class: `flag s${end.at + 1}`, cx: place.x, cy: place.y, r: 8 }), draw('text', { class: 'flag', x: place.x, y: place.y + 3.5, 'text-anchor': 'middle' }, end.at + 1));
  }
  return svg;
}
