// Where the cost of a request bends, jumps and crosses that of another model. Costs come from the service;
// between two of its answers without a threshold they lie on a line, which says where to ask next.

const CROSSINGS_MAX = 12;

// Where any of these models has another rate from the next token on.
function thresholds(models) {
  const found = new Set();
  for (const model of models.filter((one) => !one.problem)) {
    const all = [...model.rates, ...model.steps.flatMap((step) => [...step.rates, step])];
    for (const { above_input_tokens } of all) if (above_input_tokens > 0) found.add(above_input_tokens);
  }
  return [...found].sort((one, other) => one - other);
}

// Asks for the costs at a length of input, each only once.
function surveyor(signal) {
  const points = new Map();
  return (input) => {
    if (!points.has(input)) {
      const body = { model_names: state.m, ...workload(input, 1) };
      points.set(input, ask('cost-estimate/batch', { body, signal }).then((said) => ({
        input,
        costs: said.models.map((row) => row.is_available ? row.total_cost : null),
      })));
    }
    return points.get(input);
  };
}

// The costs at every length where something changes, from nothing to the longest input.
async function survey(at, models, longest) {
  const inputs = new Set([0, longest]);
  for (const threshold of thresholds(models)) {
    if (threshold < longest) inputs.add(threshold).add(threshold + 1);
  }
  // No line goes beyond the window, which may end between the others.
  for (const model of models) if (model.context_window && model.context_window < longest) inputs.add(model.context_window);
  return Promise.all([...inputs].sort((one, other) => one - other).map(at));
}

function isWithin(model, input) {
  return !model.problem && (!model.context_window || input <= model.context_window);
}

// Every point from which on one model is cheaper than another that was cheaper before.
async function crossings(at, points, models) {
  const found = [];
  for (let one = 0; one < models.length; one += 1) {
    for (let other = one + 1; other < models.length; other += 1) {
      const isBoth = (point) => [one, other].every((each) => point.costs[each] !== null && isWithin(models[each], point.input));
      const gap = (point) => Number(point.costs[one]) - Number(point.costs[other]);
      let before = null;
      for (const point of points) {
        if (!isBoth(point)) break;
        if (before && gap(before) * gap(point) < 0) {
          const here = await narrow(at, before, point, gap);
          if (here && isBoth(here)) found.push({ input: here.input, point: here, cheaper: gap(here) < 0 ? one : other, dearer: gap(here) < 0 ? other : one });
        }
        if (gap(point) !== 0) before = point;
      }
    }
  }
  return found.sort((one, other) => one.input - other.input).slice(0, CROSSINGS_MAX);
}

// The first input at which the gap has the sign it has at the end.
async function narrow(at, low, high, gap) {
  const end = Math.sign(gap(high));
  for (let tries = 0; high.input - low.input > 1 && tries < 40; tries += 1) {
    const straight = low.input + ((high.input - low.input) * gap(low)) / (gap(low) - gap(high));
    // A line leads there at once; where it is not quite one, halving gets there, too.
    const guess = tries < 6 ? Math.ceil(straight) : Math.floor((low.input + high.input) / 2);
    const next = await at(Math.min(high.input - 1, Math.max(low.input + 1, guess)));
    if (Math.sign(gap(next)) === end) high = next;
    else low = next;
  }
  return high.input - low.input === 1 ? high : null;
}
