// node run.mjs SCENARIO URL...: `models.search` is the function `search` of models.mjs.

import { Browser } from './browser.mjs';

const [scenario, ...servers] = process.argv.slice(2);
const [file, name] = scenario.split('.');
const browser = await Browser.start(servers);
try {
  await (await import(`./${file}.mjs`))[name](browser);
  browser.check();
} catch (problem) {
  console.error(problem.stack);
  process.exitCode = 1;
} finally {
  await browser.end();
}
