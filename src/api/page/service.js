// Asking the service. Refusals that pass (429, 503, no connection) are waited out, a missing key is asked for.

// The page is at /ui, perhaps below the path of a proxy.
const BASE = new URL(location.pathname.endsWith('/') ? '../' : './', location.href);
const PATIENCE_MS = 60_000;

class Problem extends Error {
  constructor(status, detail, retryAfter) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

function address(path, query = {}) {
  const url = new URL(path, BASE);
  url.hash = '';
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) if (one !== '' && one !== null && one !== false) url.searchParams.append(name, one);
  }
  return url;
}

// Money stays the text it was sent as: a float would not hold all of its digits.
function keepMoney(name, value, context) {
  const isMoney = typeof value === 'number' && /cost|usd|per_(token|million|1m)|^min$|^max$/.test(name);
  return isMoney ? context?.source ?? String(value) : value;
}

function key() {
  return sessionStorage.getItem('key');
}

function keyHeader() {
  return sessionStorage.getItem('key-header') ?? 'x-api-key';
}

// One exchange, without a second try.
async function exchange(url, { body, signal, method = body ? 'POST' : 'GET' } = {}) {
  const headers = {};
  if (body) headers['content-type'] = 'application/json';
  if (key()) headers[keyHeader()] = key();
  const reply = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal, credentials: 'same-origin' });
  const text = await reply.text();
  note(reply.headers);
  let said;
  try {
    said = JSON.parse(text, keepMoney);
  } catch {
    throw new Problem(reply.status || 502, 'The answer is not JSON: is something in between?', null);
  }
  if (!reply.ok) {
    const detail = Array.isArray(said.detail) ? said.detail.map((one) => one.msg).join('; ') : said.detail;
    const problem = new Problem(reply.status, detail ?? reply.statusText, Number(reply.headers.get('retry-after')) || null);
    problem.headers = reply.headers;
    throw problem;
  }
  return { said, headers: reply.headers };
}

// Asks until there is an answer: what it says, or a Problem that waiting does not solve.
async function ask(path, { query, body, signal } = {}) {
  const url = address(path, query);
  const started = Date.now();
  for (let tries = 0; ; tries += 1) {
    try {
      const { said } = await exchange(url, { body, signal });
      if (tries > 0) notice(null);
      return said;
    } catch (problem) {
      if (signal?.aborted || problem.name === 'AbortError') throw problem;
      if (problem.status === 401) {
        await askForKey(problem.message);
        continue;
      }
      const isPassing = !(problem instanceof Problem) || [429, 502, 503, 504].includes(problem.status);
      if (!isPassing || Date.now() - started > PATIENCE_MS) throw problem;
      const wait = Math.min(problem.retryAfter ?? 2 ** Math.min(tries, 3), 30);
      const why = problem.status ? problem.message : 'There is no connection to the service';
      notice(`${why.replace(/\.$/, '')}. Trying again in ${wait} s.`);
      await pause(wait * 1000, signal);
    }
  }
}

// What stands above the page until it is over.
function notice(text) {
  const place = byId('notice');
  place.hidden = !text;
  if (place.textContent !== (text ?? '')) place.textContent = text ?? '';
}

// Who answered last, for the header.
function note(headers) {
  const group = headers.get('x-deployment-group');
  const version = headers.get('x-service-version');
  byId('stamp').replaceChildren(...(group ? [chip(group), ' '] : []), version ?? '');
}

let keyWanted = null;

// Every request that lacks a key waits for the same answer.
function askForKey(why) {
  const header = /in the header (\S+)/.exec(why)?.[1];
  if (header) sessionStorage.setItem('key-header', header);
  const dialog = byId('key');
  const input = byId('key-text');
  byId('key-problem').textContent = key() ? 'The service does not take this key.' : '';
  keyWanted ??= new Promise((resolve) => {
    const submitted = (event) => {
      event.preventDefault();
      sessionStorage.setItem('key', input.value.trim());
      input.value = '';
      keyWanted = null;
      dialog.querySelector('form').removeEventListener('submit', submitted);
      dialog.close();
      resolve();
    };
    dialog.querySelector('form').addEventListener('submit', submitted);
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    if (!dialog.open) dialog.showModal();
    input.focus();
  });
  return keyWanted;
}

// The command that asks the same. A key is named, not told.
function curl(path, { query, body } = {}) {
  const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;
  const parts = ['curl -s', quoted(address(path, query))];
  if (key()) parts.push(`-H "${keyHeader()}: $API_KEY"`);
  if (body) parts.push("-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return parts.join(' ');
}

function curlButton(request) {
  const copy = async () => {
    const { path, ...rest } = request();
    const command = curl(path, rest);
    try {
      await navigator.clipboard.writeText(command);
      notice('Copied the curl command.');
      setTimeout(() => notice(null), 2500);
    } catch {
      // Without a secure context there is no clipboard.
      byId('command-text').value = command;
      byId('command').showModal();
      byId('command-text').select();
    }
  };
  return make('button', { type: 'button', class: 'quiet', onclick: copy }, 'Copy as curl');
}
