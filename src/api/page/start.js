// From the address to a view, again and again.

const BUILDERS = {
  models: [modelsView, 'Models'],
  model: [modelView, 'Model'],
  compare: [compareView, 'Compare'],
  calculator: [calculatorView, 'Calculator'],
  operations: [operationsView, 'Operations'],
};

let shownView = null;

function show() {
  const main = byId('main');
  const isNew = shownView?.name !== state.view;
  if (isNew) {
    const [build, title] = BUILDERS[state.view];
    shownView?.leave?.();
    main.replaceChildren();
    document.title = `${title} – LLM prices`;
    const isFirst = shownView === null;
    shownView = { name: state.view, ...build(main) };
    if (!isFirst) {
      // As after a page load: reading starts at the top, and the keyboard in the content.
      scrollTo(0, 0);
      main.focus({ preventScroll: true });
    }
  }
  shownView.update();
  for (const anchor of document.querySelectorAll('header [data-view]')) {
    anchor.href = link({ view: anchor.dataset.view });
    const isHere = anchor.closest('nav') && (anchor.dataset.view === state.view || (state.view === 'model' && anchor.dataset.view === 'models'));
    if (isHere) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  }
  showTray();
}

// The models that were chosen, at hand in every view that is about models.
function showTray() {
  const tray = byId('tray');
  const focused = tray.contains(document.activeElement);
  tray.hidden = state.m.length === 0 || state.view === 'operations';
  tray.replaceChildren(
    make('ul', { 'aria-label': `${state.m.length} of ${MODELS_MAX} models` }, state.m.map((id, at) => make('li', {},
      make('span', { class: `key s${at + 1}`, 'aria-hidden': 'true' }, at + 1),
      make('span', { class: 'id' }, id),
      make('button', { type: 'button', 'aria-label': `Remove ${id}`, onclick: () => choose(id, false) }, '×')))),
    make('p', {},
      state.view !== 'compare' && make('a', { href: link({ view: 'compare' }) }, 'Compare'), ' ',
      state.view !== 'calculator' && make('a', { href: link({ view: 'calculator' }), class: 'main' }, 'Calculate')));
  if (focused) (tray.querySelector('button') ?? byId('main')).focus();
}

function follow() {
  const found = read();
  if (JSON.stringify(found) === JSON.stringify(state)) return;
  state = found;
  show();
}

addEventListener('popstate', follow);
addEventListener('hashchange', follow);
document.querySelector('.skip').addEventListener('click', (event) => {
  // The address belongs to the state.
  event.preventDefault();
  byId('main').focus();
});
document.querySelector('[data-path]').href = address('docs').href;
document.addEventListener('keydown', (event) => {
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '');
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && byId('q')) {
    event.preventDefault();
    byId('q').focus();
  }
});
show();
