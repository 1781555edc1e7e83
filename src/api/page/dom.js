// Making elements. Text is always text: nothing from the service is ever read as HTML.

function make(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

function draw(name, properties = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' && 'value' in element && !(element instanceof HTMLDataElement)) element.value = value;
    else if (name === 'checked') element.checked = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

// Puts new content into a place. Where the focus was in the old one it goes to what stands there now, since the
// keyboard would start again at the top of the page.
function swap(place, ...content) {
  const stops = () => [...place.querySelectorAll('a[href], button, input, select, summary, [tabindex]')];
  const at = stops().indexOf(document.activeElement);
  place.replaceChildren(...content);
  if (at < 0) return;
  const left = stops();
  (left[Math.min(at, left.length - 1)] ?? byId('main')).focus({ preventScroll: true });
}

// Told to screen readers, shown to nobody.
function say(text) {
  byId('said').textContent = text;
}

// Calls of the returned function are put off until there were none for that long.
function settled(milliseconds, act) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), milliseconds);
  };
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
