// Words of the document as elements. What stands in backquotes is code.

function worded(text) {
  const part = (piece, at) => (at % 2 ? make('code', {}, piece) : piece);
  return (text ?? '').split('`').map(part);
}

// A sentence of its own ends with a full stop.
function sentence(text) {
  return worded(text && !/[.!?]$/.test(text) ? `${text}.` : text);
}

function grouped(number) {
  return new Intl.NumberFormat('en').format(number);
}

function plural(number, one, several = `${one}s`) {
  return `${grouped(number)} ${number === 1 ? one : several}`;
}
