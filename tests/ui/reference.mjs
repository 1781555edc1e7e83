// The reference: `/docs` to be tried, `/redoc` to be read.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { assertAccessible, copied, DESK, PHONE, settle, until } from './browser.mjs';

const PAGES = ['/docs', '/redoc'];

function operations(description) {
  return Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })));
}

async function opened(page, id) {
  const panel = page.locator(`#${id}`);
  if ((await panel.getAttribute('open')) === null) await panel.locator('summary').first().click();
  return panel;
}

// Sends what a form holds; the status that comes back.
async function sent(page, id) {
  const panel = await opened(page, id);
  await panel.getByRole('button', { name: 'Send' }).click();
  await panel.locator('.answer:not([aria-busy]) .status').waitFor();
  return (await panel.locator('.status strong').textContent()).split(' ')[0];
}

function body(page, id) {
  return page.locator(`#${id}`).getByLabel('Body of the answer').textContent();
}

function run(command, environment = {}) {
  return execFileSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, ...environment } });
}

export async function tried(browser) {
  const page = await browser.open('/docs');
  await settle(page);
  const all = operations(await browser.ask('openapi.json'));
  assert.ok(all.length > 20, 'there is something to try');
  assert.equal(await page.locator('details.operation').count(), all.length);
  for (const { operationId: id, path, tags } of all) {
    if (tags.includes('Orders')) {
      const panel = await opened(page, id);
      assert.match(await panel.getByLabel('The same with curl').textContent(), /^curl -s -X POST/, path);
      assert.equal(await panel.getByRole('button', { name: 'Send' }).count(), 0, `${path} is for a terminal`);
    } else {
      assert.equal(await sent(page, id), '200', path);
    }
  }
  // What was closed again opens from the contents, where the address leads already.
  const [{ operationId: id, method, path }] = all;
  const entry = page.locator('#entries').getByRole('link', { name: `${method} ${path}`, exact: true });
  const panel = page.locator(`#${id}`);
  const becomes = (state) => until(`${id} ${state}`, async () => ((await panel.getAttribute('open')) === null) === (state === 'closed'));
  await entry.click();
  await becomes('open');
  await panel.locator('summary').first().click();
  await becomes('closed');
  await entry.click();
  await becomes('open');
}

export async function answers(browser) {
  const page = await browser.open('/docs#ModelDetails');
  await settle(page);
  const panel = await opened(page, 'ModelDetails');
  await panel.getByLabel('model', { exact: false }).first().fill('openai/gpt-4o-mini');
  assert.equal(await sent(page, 'ModelDetails'), '200');
  const real = await (await fetch(`${browser.base}/models/openai/gpt-4o-mini`)).text();
  const shown = await body(page, 'ModelDetails');
  assert.match(shown, /^\{\n  "id": "openai\/gpt-4o-mini",\n/);
  assert.equal(shown.replaceAll(/\n */g, '').replaceAll('": ', '":'), real, 'with every digit as it came');
  const headers = await panel.getByLabel('Headers of the answer').textContent();
  assert.match(headers, /^etag: "[0-9a-f]{32}(-gzip)?"$/m);
  assert.equal(run(await copied(page, panel.getByRole('button', { name: 'Copy' }))), real);

  // What the service does not take, it says.
  await opened(page, 'Pricing');
  await page.locator('#Pricing').getByText(/optional parameters/).click();
  await page.locator('#Pricing-limit').fill('many');
  await page.locator('#Pricing-supports').fill('vision, reasoning');
  const command = await page.locator('#Pricing').getByLabel('The same with curl').textContent();
  assert.equal(command.trim(), `curl -s '${browser.base}/pricing?supports=vision&supports=reasoning&limit=many'`);
  const allowed = await browser.open('/docs#Pricing', { allowed: /422/ });
  await settle(allowed);
  await allowed.locator('#Pricing').getByText(/optional parameters/).click();
  await allowed.locator('#Pricing-limit').fill('many');
  assert.equal(await sent(allowed, 'Pricing'), '422');
  assert.match(await body(allowed, 'Pricing'), /"limit"/);

  // A body can be changed, and a document asked for again.
  await opened(page, 'CostEstimate');
  const asked = { model_name: "o'no", input_tokens: 1, output_tokens: 2 };
  await page.locator('#CostEstimate-body').fill(JSON.stringify(asked));
  const estimate = await page.locator('#CostEstimate').getByLabel('The same with curl').textContent();
  assert.match(run(estimate), /Model 'o'no' not found/);
}

export async function long(browser) {
  const page = await browser.open('/docs#Pricing');
  await settle(page);
  assert.equal(await sent(page, 'Pricing'), '200');
  const lines = async () => (await body(page, 'Pricing')).trimEnd().split('\n').length;
  assert.equal(await lines(), 400);
  await page.getByRole('button', { name: 'Show all of it' }).click();
  assert.ok((await lines()) > 100_000);
  const { total_models: total } = JSON.parse(await body(page, 'Pricing'));
  assert.ok(total > 1000, 'it is all there');
}

export async function key(browser) {
  const page = await browser.open('/docs#Models', { allowed: /401/ });
  await settle(page);
  assert.equal(await sent(page, 'Models'), '401');
  await page.getByRole('button', { name: 'Enter it above' }).click();
  await page.keyboard.type('right');
  assert.equal(await sent(page, 'Models'), '200');
  const command = await copied(page, page.locator('#Models').getByRole('button', { name: 'Copy' }));
  assert.ok(!command.includes('right'), command);
  assert.match(run(command, { API_KEY: 'right' }), /"total_models"/);
  await page.reload();
  await settle(page);
  assert.equal(await sent(page, 'Models'), '200', 'it stays in the tab');
  const other = await browser.open('/docs#Models', { allowed: /401/ });
  await settle(other);
  assert.equal(await sent(other, 'Models'), '401', 'and nowhere else');
}

export async function read(browser) {
  const page = await browser.open('/redoc');
  await settle(page);
  const description = await browser.ask('openapi.json');
  const names = Object.keys(description.components.schemas).map((name) => `schema-${name}`);
  const wanted = [...operations(description).map((one) => one.operationId), ...names];
  for (const id of wanted) assert.equal(await page.locator(`main article[id="${id}"]`).count(), 1, id);
  const text = await page.locator('main').textContent();
  for (const { path, parameters } of operations(description)) {
    assert.ok(text.includes(path), path);
    for (const { name } of parameters) assert.ok(!name || text.includes(name), `${path}: ${name}`);
  }
  const dead = await page.evaluate(() => [...document.querySelectorAll('a[href*="#"]')]
    .map((link) => link.hash.slice(1)).filter((id) => !document.getElementById(decodeURIComponent(id))));
  assert.deepEqual(dead, [], 'every link leads somewhere');
  assert.ok(!/undefined|\[object|NaN/.test(text), 'nothing stands for what is not there');

  await page.getByLabel('Filter endpoints and types').fill('get compare cache');
  const found = page.locator('main article:visible');
  assert.deepEqual(await found.evaluateAll((all) => all.map((one) => one.id)), ['Compare']);
  assert.equal(await page.locator('#entries li:visible').count(), 1);
  assert.equal(await page.locator('#said').textContent(), '1 match');
  await page.getByLabel('Filter endpoints and types').fill('');
  assert.equal(await found.count(), wanted.length);

  await page.locator('#entries').getByRole('link', { name: 'GET /performance' }).click();
  await until('where the link leads', () => page.evaluate(() => Math.abs(document.getElementById('Performance').getBoundingClientRect().top) < 200));
}

export async function printed(browser) {
  const page = await browser.open('/redoc', { colorScheme: 'dark' });
  await settle(page);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('nav:visible, header.top:visible, input:visible').count(), 0);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
  const cut = await page.locator('pre').evaluateAll((all) => all.filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1).length);
  assert.equal(cut, 0, 'paper does not scroll');
}

export async function accessible(browser) {
  for (const [place, options, colorScheme] of [['a desk', DESK, 'light'], ['a phone', PHONE, 'dark']]) {
    for (const address of PAGES) {
      const what = `${address}, ${colorScheme}, at ${place}`;
      const page = await browser.open(address, { ...options, colorScheme });
      await settle(page);
      if (address === '/docs') {
        for (const id of ['Compare', 'CostEstimate', 'DeploymentShutdown']) await opened(page, id);
        await sent(page, 'Compare');
      }
      await page.evaluate(() => document.querySelectorAll('main details[open] details').forEach((details) => { details.open = true; }));
      await assertAccessible(page, what);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(beyond <= 0, `${what}: ${beyond} pixels beyond the edge`);
      await page.context().close();
    }
  }
}

// As behind a proxy that serves all of this below a path.
export async function below(browser) {
  const page = await browser.open('/health');
  await page.route('**/below/**', async (route) => {
    const reply = await route.fetch({ url: route.request().url().replace('/below/', '/') });
    await route.fulfill({ response: reply });
  });
  for (const address of ['/below/docs', '/below/docs/']) {
    await page.goto(`${browser.base}${address}#Health`);
    await settle(page);
    assert.equal(await sent(page, 'Health'), '200');
    const command = await page.locator('#Health').getByLabel('The same with curl').textContent();
    assert.equal(command.trim(), `curl -s '${browser.base}/below/health'`);
    const links = await page.locator('.top a').evaluateAll((all) => all.map((one) => one.pathname));
    assert.deepEqual(links, ['ui', 'docs', 'redoc', 'openapi.json'].map((path) => `/below/${path}`));
  }
}

export async function failures(browser) {
  const page = await browser.open('/health', { allowed: /503/ });
  const refuse = (route) => route.fulfill({ status: 503, json: { detail: 'Service is shutting down' } });
  for (const address of PAGES) {
    await page.route('**/openapi.json', refuse);
    await page.goto(`${browser.base}${address}`);
    await settle(page);
    assert.match(await page.locator('main').textContent(), /Service is shutting down/, address);
    await page.unroute('**/openapi.json', refuse);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('#Health').first().waitFor();
  }
}
