// What both pages have: the way there, a table of contents, and a filter.

// Every entry of the contents: what it leads to, and the words that find it.
const entries = [];

function heading(operation) {
  return [
    make('span', { class: `method ${operation.method.toLowerCase()}` }, operation.method), ' ',
    make('code', { class: 'path' }, operation.path.split(/(?<=\/)/).flatMap((step) => [step, make('wbr')])),
  ];
}

// An entry below a group's title; `element` is hidden when the filter does not find it.
function enter(group, id, label, words, element) {
  entries.push({ group, id, label, words, element });
  return element;
}

function showContents() {
  const groups = Map.groupBy(entries, (entry) => entry.group);
  for (const [group, members] of groups) {
    const list = make('ul', {}, members.map((entry) => {
      entry.item = make('li', {}, make('a', { href: `#${entry.id}` }, entry.label));
      return entry.item;
    }));
    byId('entries').append(make('section', {}, make('h2', {}, group), list));
  }
  const isWide = matchMedia('(min-width: 60rem)');
  const fit = () => { byId('contents').open = isWide.matches; };
  isWide.addEventListener('change', fit);
  fit();
}

function filter() {
  const wanted = byId('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of entries) {
    const isHidden = !wanted.every((word) => entry.words.includes(word));
    entry.item.hidden = isHidden;
    entry.element.hidden = isHidden;
  }
  // A group without members needs no title.
  for (const group of document.querySelectorAll('#entries section, main > section[data-group]')) {
    const members = group.querySelectorAll(group.dataset.group === undefined ? 'li' : '[data-entry]');
    group.hidden = [...members].every((member) => member.hidden);
  }
  if (wanted.length) say(`${plural(entries.filter((entry) => !entry.item.hidden).length, 'match', 'matches')}`);
}

// To what the address names; it is there only now.
function follow() {
  const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.matches('details')) target.open = true;
  target.scrollIntoView();
}

async function start(show) {
  for (const link of document.querySelectorAll('[data-path]')) link.href = new URL(link.dataset.path, BASE).href;
  const main = byId('main');
  try {
    await describe();
    main.replaceChildren(...show().filter(Boolean));
    showContents();
    byId('filter').addEventListener('input', filter);
    addEventListener('hashchange', follow);
    // The address stays as it is when it leads there already.
    byId('entries').addEventListener('click', (event) => { if (event.target.closest('a')?.hash === location.hash) follow(); });
    follow();
  } catch (problem) {
    const again = make('button', { type: 'button', onclick: () => start(show) }, 'Try again');
    main.replaceChildren(make('div', { class: 'empty', role: 'alert' },
      make('p', {}, `The service does not describe itself: ${problem.message}`), make('p', {}, again)));
  }
  main.removeAttribute('aria-busy');
}
