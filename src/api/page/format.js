// Figures as people read them. Amounts arrive as decimal text and are rounded for the eye only: the exact
// amount stays in the element's value and in its title.

const LOCALE = 'en';
const grouped = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });

function count(number) {
  return number === null || number === undefined ? '–' : grouped.format(number);
}

// Tokens in the short form that people say: 32.8k, 128k, 1.05M.
function tokens(number) {
  if (number === null || number === undefined) return '–';
  if (number >= 1e6) return `${Number((number / 1e6).toFixed(2))}M`;
  if (number >= 1e4) return `${Number((number / 1e3).toFixed(number < 1e5 ? 1 : 0))}k`;
  return grouped.format(number);
}

// A price for a million tokens. The figure spaces put the points of a column below each other.
const PRICE = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 6 });
function price(text) {
  if (text === null || text === undefined) return make('span', { class: 'none' }, '–');
  const shown = PRICE.format(text);
  const decimals = shown.length - shown.indexOf('.') - 1;
  return make('data', { value: text, class: 'figure' }, shown + '\u2007'.repeat(Math.max(0, 3 - decimals)));
}

// An amount of money with as many digits as tell amounts of its size apart.
function money(text, size = Math.abs(Number(text))) {
  const digits = size >= 1 || size === 0
    ? { minimumFractionDigits: 2, maximumFractionDigits: 2 }
    : { minimumFractionDigits: 2, maximumFractionDigits: Math.min(12, 3 - Math.floor(Math.log10(size))) };
  return new Intl.NumberFormat(LOCALE, { style: 'currency', currency: 'USD', ...digits }).format(text);
}

function amount(text, size) {
  if (text === null) return make('span', { class: 'none' }, '–');
  return make('data', { value: text, class: 'figure', title: `${text} USD` }, money(text, size));
}

function day(timestamp) {
  return timestamp.slice(0, 10);
}

// Of which day a price is, and who states it.
function origin(source, timestamp) {
  return make('span', { class: 'origin', title: source }, make('time', { datetime: day(timestamp) }, day(timestamp)), ' ', publisher(source));
}

function publisher(source) {
  if (!/^https?:/.test(source)) return make('span', {}, source);
  return make('a', { href: source, rel: 'noreferrer' }, new URL(source).hostname.replace(/^www\./, ''));
}

function seconds(number) {
  if (number < 60) return `${Math.floor(number)} s`;
  if (number < 3600) return `${Math.floor(number / 60)} min ${Math.floor(number % 60)} s`;
  if (number < 86400) return `${Math.floor(number / 3600)} h ${Math.floor((number % 3600) / 60)} min`;
  return `${Math.floor(number / 86400)} d ${Math.floor((number % 86400) / 3600)} h`;
}

// function_calling becomes "function calling".
function words(name) {
  return name.replaceAll('_', ' ');
}
