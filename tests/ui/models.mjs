// Finding models and looking at them side by side.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copied, exact, ids, settle, tabTo, until } from './browser.mjs';

const ROWS_MAX = 400;

async function total(page) {
  return Number((await page.locator('.total').textContent()).split(' ')[0].replaceAll(',', ''));
}

// Holds the list on the screen against what its own curl command finds.
async function assertAsCopied(page, what) {
  const command = await copied(page, page.getByRole('button', { name: 'Copy as curl' }));
  const said = exact(execFileSync('sh', ['-c', command], { encoding: 'utf8', maxBuffer: 1 << 26 }));
  const shown = await ids(page);
  assert.deepEqual(shown, said.models.slice(0, shown.length).map((model) => model.id), `${what}: ${command}`);
  assert.equal(await total(page), said.models.length, `${what}: ${command}`);
  return said.models;
}

export async function search(browser) {
  const page = await browser.open('/ui');
  const all = await browser.ask('pricing');
  await until('all models', async () => (await total(page)) === all.models.length);
  for (const text of ['claude', 'GPT-4o', 'openai/', 'Mistral AI']) {
    await page.getByRole('searchbox').fill(text);
    const found = await browser.ask(`pricing?search=${encodeURIComponent(text)}`);
    await until(`what is found for ${text}`, async () => (await total(page)) === found.models.length);
    assert.ok((await assertAsCopied(page, text)).length > 0, text);
  }
  await page.getByRole('searchbox').fill('there is no such model');
  await page.getByText('Nothing fits.').waitFor();
}

export async function filters(browser) {
  const rows = [
    ['a provider', '#models?provider=Anthropic'],
    ['a kind', '#models?mode=embedding'],
    ['a context window', '#models?context=400000'],
    ['capabilities', '#models?can=vision&can=reasoning'],
    ['a price', '#models?maxin=0.1'],
    ['prices', '#models?maxin=1.25&maxout=10&q=gemini'],
    ['retired ones', '#models?retired=yes&q=gpt-3.5'],
    ['all at once', '#models?q=a&can=function_calling&context=128000&maxin=3&provider=OpenAI'],
    ['by name', '#models?sort=model_name&q=llama'],
    ['by name, backwards', '#models?sort=model_name&order=desc&q=llama'],
    ['by provider', '#models?sort=provider&q=llama-3.3'],
    ['by price', '#models?sort=cost_per_input_token&q=gpt'],
    ['by price of output, dearest first', '#models?sort=cost_per_output_token&order=desc&mode=chat&q=gpt'],
    ['by context window', '#models?sort=context_window&q=claude'],
  ];
  const page = await browser.open('/ui');
  for (const [name, address] of rows) {
    await page.goto(`${browser.base}/ui${address}`);
    await settle(page);
    assert.ok((await assertAsCopied(page, name)).length > 0, name);
  }

  // The same by hand, and all of it cleared.
  await page.goto(`${browser.base}/ui#models`);
  await settle(page);
  const before = await total(page);
  await page.getByLabel('Provider').selectOption('OpenAI');
  await page.getByLabel('vision').check();
  await page.getByLabel('Input', { exact: true }).fill('2.5');
  await page.getByRole('button', { name: 'Input' }).click();
  await page.getByRole('button', { name: 'Input' }).click();
  await settle(page);
  assert.equal(await page.locator('th[aria-sort=descending]').count(), 1);
  await until('the filters', async () => (await total(page)) < 200);
  const left = await assertAsCopied(page, 'by hand');
  assert.ok(left.every((model) => model.provider === 'OpenAI' && Number(model.cost_per_input_token) <= 2.5e-6));
  await page.getByRole('button', { name: 'Clear all filters' }).click();
  await until('all models again', async () => (await total(page)) === before);
}

export async function thousands(browser) {
  const page = await browser.open('/ui#models?retired=yes');
  await until('thousands of models', async () => (await total(page)) > 3_000);
  const rows = () => page.locator('tbody tr').count();
  assert.ok((await rows()) <= ROWS_MAX, 'a part of them is on the screen');
  const figures = await page.evaluate(async () => {
    const input = document.getElementById('q');
    const times = [];
    for (const text of ['c', 'cl', 'cla', 'clau', 'a', '', 'gpt', '']) {
      const started = performance.now();
      const changed = new Promise((resolve) => new MutationObserver(resolve).observe(document.querySelector('.total'), { childList: true }));
      input.value = text;
      input.dispatchEvent(new Event('input'));
      await changed;
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      times.push(performance.now() - started);
    }
    return times;
  });
  console.log(`a key takes ${Math.max(...figures).toFixed(0)} ms at most to the next frame, with ${await total(page)} models`);
  assert.ok((await rows()) <= ROWS_MAX);
  const before = await rows();
  await page.getByRole('button', { name: /Show more/ }).scrollIntoViewIfNeeded();
  await until('more rows', async () => (await rows()) > before);
  assert.ok((await rows()) <= ROWS_MAX);
}

export async function compare(browser) {
  const page = await browser.open('/ui#models?q=gpt-4&provider=OpenAI');
  await settle(page);
  const chosen = (await ids(page)).slice(0, 6);
  const ticks = page.locator('tbody input');
  for (let at = 0; at < 6; at += 1) await ticks.nth(at).check();
  await ticks.nth(6).click();
  assert.equal(await ticks.nth(6).isChecked(), false, 'a seventh');
  await page.getByText('Only 6 models can be compared at once.').waitFor();
  await page.locator('#tray').getByRole('link', { name: 'Compare' }).click();
  await settle(page);
  const columns = page.locator('.sides thead th');
  assert.equal(await columns.count(), 6);
  for (const [at, id] of chosen.entries()) {
    const model = await browser.ask(`models/${id}`);
    assert.equal(await columns.nth(at).getByRole('link').textContent(), model.model_name);
    const cell = (row) => page.getByRole('row', { name: new RegExp(`^${row}`) }).getByRole('cell').nth(at);
    assert.equal(await cell('Context window').textContent(), model.context_window === null ? '–' : Number(model.context_window).toLocaleString('en'));
    const { per_million } = model.rates.find((rate) => rate.rate === 'input');
    assert.equal(await cell('input ').locator('data').getAttribute('value'), per_million, id);
    assert.equal(await cell('Price of').textContent(), model.price_as_of.slice(0, 10));
    const stated = cell('Stated by');
    if (model.source.startsWith('http')) assert.equal(await stated.getByRole('link').getAttribute('href'), model.source);
    else assert.equal(await stated.textContent(), model.source);
  }
  await page.locator('.sides thead button').first().focus();
  await page.keyboard.press('Enter');
  await until('five columns', async () => (await columns.count()) === 5);
  assert.ok(await page.locator('.sides thead button').first().evaluate((button) => button === document.activeElement), 'the focus stays');
  await page.goBack();
  await until('six columns again', async () => (await columns.count()) === 6);
}

export async function keyboard(browser) {
  const page = await browser.open('/ui');
  await settle(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'the first stop skips to the content');
  await page.keyboard.press('/');
  await page.keyboard.type('gpt-4.1');
  await until('what is found', async () => (await total(page)) < 100);
  await tabTo(page, 'thead button');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('th[aria-sort=ascending]').count(), 1);
  await tabTo(page, 'tbody input');
  await page.keyboard.press('Space');
  await tabTo(page, 'tbody tr:nth-child(2) input');
  await page.keyboard.press('Space');
  const chosen = (await ids(page)).slice(0, 2);
  await tabTo(page, '#tray a[href^="#calculator"]', 300);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Calculator' }).waitFor();
  await tabTo(page, '#in');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('50000');
  await tabTo(page, '#tier');
  await page.keyboard.press('b');
  await until('the results', async () => (await ids(page)).length === 2);
  assert.deepEqual(new Set(await ids(page)), new Set(chosen));
  assert.match(page.url(), /in=50000/);
  assert.match(page.url(), /tier=batch/);
  await tabTo(page, '#tray button');
  await page.keyboard.press('Enter');
  await until('one model', async () => (await ids(page)).length === 1);
}
