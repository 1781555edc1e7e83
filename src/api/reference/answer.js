// What came back.

const LINES_MAX = 400;

async function send({ method, url, headers, body, secret }) {
  const all = secret ? [...headers, [secret.header, secret.value]] : headers;
  const started = performance.now();
  const reply = await fetch(url, { method, headers: all, body, cache: 'no-store', credentials: 'same-origin' });
  const text = await reply.text();
  return { reply, text, milliseconds: Math.round(performance.now() - started) };
}

function shownAnswer({ reply, text, milliseconds }) {
  const bytes = plural(new Blob([text]).size, 'byte');
  const headers = [...reply.headers].map(([name, value]) => [nameIn(name), `: ${value}`]);
  return [
    make('p', { class: `status ${reply.ok || reply.status === 304 ? 'good' : 'problem'}` },
      make('strong', {}, `${reply.status} ${reply.statusText}`), ` in ${milliseconds} ms, ${bytes}`),
    reply.status === 401 && make('p', {}, 'This service asks for a key. ', make('button', { type: 'button', class: 'quiet', onclick: () => byId('key').focus() }, 'Enter it above')),
    make('details', { open: true }, make('summary', {}, 'Headers'), code('Headers of the answer', headers)),
    text && shownBody(text),
  ];
}

// The beginning of a long one; all of it for those who want it.
function shownBody(text) {
  const lines = isJson(text) ? linesOf : textLines;
  const first = lines(text, LINES_MAX);
  const body = code('Body of the answer', first.lines);
  if (first.isAll) return body;
  const showAll = () => {
    // As one text, because a hundred thousand elements would take seconds.
    const plain = (name) => name;
    body.textContent = lines(text, Infinity, plain).lines.map((line) => line.join('')).join('\n');
    more.remove();
    body.focus();
  };
  const more = make('p', {}, `These are the first ${LINES_MAX} lines. `, make('button', { type: 'button', class: 'quiet', onclick: showAll }, 'Show all of it'));
  return [body, more];
}

function textLines(text, linesMax) {
  const lines = text.replace(/\n$/, '').split('\n');
  return { lines: lines.slice(0, linesMax).map((line) => [line]), isAll: lines.length <= linesMax };
}
