// JSON made readable without reading its numbers: a float would not hold all digits of an amount.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

// The lines of a JSON text, at most so many, and whether that is all; `named` makes something of each name.
function linesOf(text, linesMax = Infinity, named = nameIn) {
  const lines = [];
  let line = [];
  let depth = 0;
  let last = '';
  const end = () => {
    lines.push(line);
    line = ['  '.repeat(depth)];
  };
  for (const [token] of text.matchAll(TOKEN)) {
    const closes = token === '}' || token === ']';
    const isEmpty = closes && (last === '{' || last === '[');
    if (closes) depth -= 1;
    if (last === ',' || ((last === '{' || last === '[') && !isEmpty) || (closes && !isEmpty)) end();
    if (lines.length >= linesMax) return { lines, isAll: false };
    if (token === '{' || token === '[') depth += 1;
    if (token === ':') line.push(named(line.pop()), ': ');
    else line.push(token);
    last = token;
  }
  lines.push(line);
  return { lines, isAll: true };
}

function nameIn(text) {
  return make('span', { class: 'name' }, text);
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// Code that scrolls within itself, also by keyboard. Each line is a list of pieces.
function code(label, lines = []) {
  return make('pre', { tabindex: '0', role: 'group', 'aria-label': label }, lines.map((line) => [...line, '\n']));
}

function shownJson(label, value) {
  return code(label, linesOf(JSON.stringify(value)).lines);
}
