// Everything the page shows follows from its address, which is read here and written here.

const MODELS_MAX = 6;
const VIEWS = ['models', 'model', 'compare', 'calculator', 'operations'];

// Each part of the state: its short name in the address is the key, its value here is what it is unasked.
const DEFAULTS = {
  view: 'models',
  q: '', provider: '', mode: '', can: [], context: '', maxin: '', maxout: '', retired: '', sort: '', order: '',
  m: [], id: '',
  in: '10000', cached: '0', out: '1000', perday: '1000', tier: 'standard', upto: '',
};

let state = read();

function read() {
  const [view, query = ''] = location.hash.slice(1).split(/\?(.*)/s);
  const given = new URLSearchParams(query);
  const found = { ...DEFAULTS, view: VIEWS.includes(view) ? view : 'models' };
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (name === 'view' || !given.has(name)) continue;
    found[name] = Array.isArray(value) ? [...new Set(given.getAll(name))] : given.get(name);
  }
  found.m = found.m.slice(0, MODELS_MAX);
  return found;
}

// The address of a state that differs from this one in some parts.
function link(changes = {}) {
  const wanted = { ...state, ...changes };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (name === 'view' || (name === 'id' && wanted.view !== 'model')) continue;
    if (String(wanted[name]) !== String(value)) for (const one of [wanted[name]].flat()) query.append(name, one);
  }
  // Slashes and colons are all over ids, and harmless here.
  const text = query.toString().replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%40', '@');
  return `#${wanted.view}${text && `?${text}`}`;
}

// Written a moment later, since browsers limit how often that may be done.
const writeSoon = settled(150, () => history.replaceState(null, '', link()));

// Changes the state. What is typed replaces the address, what is chosen adds one to go back from.
function change(changes, { typed = false } = {}) {
  const to = link(changes);
  if (to === link()) return;
  if (!typed) {
    history.replaceState(null, '', link());
    history.pushState(null, '', to);
  }
  state = { ...state, ...changes };
  if (typed) writeSoon();
  show();
}

function isChosen(id) {
  return state.m.includes(id);
}

// Puts a model among those to compare, or takes it out.
function choose(id, wanted = !isChosen(id)) {
  if (wanted && state.m.length >= MODELS_MAX) {
    say(`Only ${MODELS_MAX} models can be compared at once.`);
    return false;
  }
  change({ m: wanted ? [...state.m, id] : state.m.filter((one) => one !== id) });
  say(`${wanted ? 'Added' : 'Removed'} ${id}. ${state.m.length} of ${MODELS_MAX} chosen.`);
  return true;
}
