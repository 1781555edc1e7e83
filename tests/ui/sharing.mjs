// Every state has an address, and every figure a command.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copied, exact, ids, settle } from './browser.mjs';

const CHOSEN = 'm=openai/gpt-4.1&m=gemini/gemini-2.5-pro&m=vertex_ai/claude-sonnet-4-5%4020250929';

function run(command) {
  return exact(execFileSync('sh', ['-c', command], { encoding: 'utf8', maxBuffer: 1 << 26 }));
}

// What is on the screen, and in its fields.
async function state(page) {
  await settle(page);
  return page.evaluate(() => ({
    text: document.getElementById('main').innerText,
    tray: document.getElementById('tray').innerText,
    fields: [...document.querySelectorAll('main :is(input, select)')].slice(0, 60).map((field) => `${field.id} ${field.type === 'checkbox' ? field.checked : field.value}`),
    current: document.querySelector('[aria-current]').textContent,
  }));
}

export async function addresses(browser) {
  const rows = [
    ['a search', '', 1, async (page) => {
      await page.getByRole('searchbox').fill('claude & co/ + "100%"');
      await page.getByRole('searchbox').fill('claude-s');
      await page.getByLabel('vision').check();
      await page.getByLabel('Context window').selectOption('200000');
      await page.getByRole('button', { name: 'Output' }).click();
      await page.locator('tbody input').nth(1).check();
    }],
    ['a model', `#models?${CHOSEN}&q=gpt-4.1`, 3, (page) => page.getByRole('link', { name: 'gpt-4.1', exact: true }).first().click()],
    ['a comparison', '#models?q=gpt-4.1', 4, async (page) => {
      for (let at = 0; at < 4; at += 1) await page.locator('tbody input').nth(at).check();
      await page.locator('#tray').getByRole('link', { name: 'Compare' }).click();
      await page.getByLabel('Service tier').selectOption('batch');
    }],
    ['a calculation', `#compare?${CHOSEN}`, 3, async (page) => {
      await page.locator('#tray').getByRole('link', { name: 'Calculate' }).click();
      await page.getByLabel('Input tokens a request').fill('123456');
      await page.getByLabel('Of these read from the cache').fill('12.5');
      await page.getByLabel('Requests a day').fill('42');
      await page.getByLabel('Shown up to').selectOption('400000');
    }],
  ];
  for (const [name, from, chosen, act] of rows) {
    const page = await browser.open(`/ui${from}`);
    await settle(page);
    const before = await state(page);
    await act(page);
    const shown = await state(page);
    assert.notDeepEqual(shown, before, name);
    const other = await browser.open(page.url().slice(browser.base.length));
    assert.deepEqual(await state(other), shown, `${name}: ${page.url()}`);
    assert.equal(await other.locator('#tray').getByRole('button').count(), chosen, `${name}: models`);
    await page.context().close();
    await other.context().close();
  }
}

export async function commands(browser) {
  const page = await browser.open(`/ui#calculator?${CHOSEN}&in=20000&perday=50&cached=10`);
  await settle(page);
  const buttons = page.getByRole('button', { name: 'Copy as curl' });
  const batch = run(await copied(page, buttons.first()));
  for (const row of batch.models) {
    const shown = page.locator(`tr[data-id="${row.resolved_model}"] .month data`);
    assert.equal(await shown.getAttribute('value'), row.all_requests.total_cost, row.resolved_model);
  }
  const cheapest = run(await copied(page, buttons.nth(1)));
  const listed = page.locator('section:has(#cheapest-title) tbody tr');
  assert.deepEqual(
    await listed.locator('th > a').evaluateAll((links) => links.map((link) => link.title)),
    cheapest.models.map((row) => row.resolved_model));

  await page.locator('#tray').getByRole('link', { name: 'Compare' }).click();
  await settle(page);
  const side = run(await copied(page, buttons.first()));
  const costs = page.getByRole('row', { name: /^One request/ }).locator('data');
  assert.deepEqual(await costs.evaluateAll((cells) => cells.map((cell) => cell.value)), side.models.map((row) => row.total_cost));

  await page.getByRole('link', { name: 'claude-sonnet-4-5@20250929' }).click();
  await settle(page);
  const model = run(await copied(page, buttons.first()));
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), model.id);
  assert.deepEqual(await ids(page), []);
}
