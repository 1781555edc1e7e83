// What a workload costs, and where the cheaper one changes.

import assert from 'node:assert/strict';
import { ids, settle, until, whole } from './browser.mjs';

const MODELS = ['openai/gpt-4.1', 'gemini/gemini-2.5-pro', 'anthropic/claude-sonnet-4-5', 'openai/gpt-4o'];
const CHOSEN = MODELS.map((id) => `m=${id}`).join('&');
const DAYS = 30n;

async function values(page, id, column) {
  return page.locator(`tr[data-id="${id}"] .${column} data`).getAttribute('value');
}

export async function month(browser) {
  const page = await browser.open(`/ui#calculator?${CHOSEN}`);
  const rows = [
    ['as it is first shown', {}, { input_tokens: 10_000, output_tokens: 1_000 }, 1_000n],
    ['another length', { in: 250_000, out: 4_000, perday: 17 }, { input_tokens: 250_000, output_tokens: 4_000 }, 17n],
    ['half of it cached', { cached: 50 }, { input_tokens: 250_000, output_tokens: 4_000, cache_read_input_tokens: 125_000 }, 17n],
    ['in a batch', { tier: 'batch' }, { input_tokens: 250_000, output_tokens: 4_000, cache_read_input_tokens: 125_000, service_tier: 'batch' }, 17n],
    ['a third cached, one a day', { cached: 33.3, in: 999, perday: 1 }, { input_tokens: 999, output_tokens: 4_000, cache_read_input_tokens: 333, service_tier: 'batch' }, 1n],
    ['nothing at all', { in: 0, cached: 0, out: 0 }, { input_tokens: 0, output_tokens: 0, service_tier: 'batch' }, 1n],
  ];
  for (const [name, typed, body, perDay] of rows) {
    for (const [field, value] of Object.entries(typed)) {
      const input = page.locator(`#${field}`);
      if (field === 'tier') await input.selectOption(value);
      else await input.fill(String(value));
    }
    const costs = new Map();
    for (const id of MODELS) costs.set(id, (await browser.ask('cost-estimate', { model_name: id, ...body })).total_cost);
    await until(`${name}: every month`, async () => {
      for (const id of MODELS) {
        const shown = await page.locator(`tr[data-id="${id}"]`).count() && await values(page, id, 'month');
        if (!shown || whole(shown) !== whole(costs.get(id)) * perDay * DAYS) return false;
      }
      return true;
    });
    await settle(page);
    for (const id of MODELS) assert.equal(whole(await values(page, id, 'one')), whole(costs.get(id)), `${name}: ${id}`);
    const inOrder = (await ids(page)).map((id) => whole(costs.get(id)));
    assert.ok(inOrder.every((cost, at) => at === 0 || inOrder[at - 1] <= cost), `${name}: cheapest first`);
  }

  const source = page.locator(`tr[data-id="${MODELS[0]}"] td .origin`);
  const model = await browser.ask(`models/${MODELS[0]}`);
  assert.equal(await source.getByRole('link').getAttribute('href'), model.source);
  assert.equal(await source.locator('time').getAttribute('datetime'), model.price_as_of.slice(0, 10));
}

export async function crossings(browser) {
  const page = await browser.open(`/ui#calculator?${CHOSEN}&out=1000`);
  await page.locator('.chart svg').waitFor();
  await settle(page);
  const price = async (id, input) => whole((await browser.ask('cost-estimate', { model_name: id, input_tokens: input, output_tokens: 1_000 })).total_cost);
  const shown = await page.locator('.crossings li').evaluateAll((items) => items.map((item) => ({ ...item.dataset })));
  assert.ok(shown.length >= 2, JSON.stringify(shown));
  for (const { input, cheaper, dearer } of shown) {
    const at = Number(input);
    assert.ok((await price(cheaper, at)) < (await price(dearer, at)), `from ${at} on ${cheaper} costs less than ${dearer}`);
    assert.ok((await price(cheaper, at - 1)) >= (await price(dearer, at - 1)), `and not one token earlier`);
  }
  // One of them is made by a tier.
  assert.ok(shown.some(({ input }) => input === '200001'), JSON.stringify(shown));
  assert.equal(await page.locator('.chart circle.crossing').count(), shown.length);
  await page.locator('.chart').getByText('tier above 200k').waitFor();
  assert.equal(await page.locator('.chart path.line').count(), MODELS.length);

  // The figures of the chart are the service's.
  await page.getByText('The figures of the chart').click();
  for (const row of await page.getByRole('region', { name: 'Figures of the chart' }).locator('tbody tr').all()) {
    const input = Number((await row.locator('th').textContent()).replaceAll(',', ''));
    for (const [at, id] of MODELS.entries()) {
      const figure = row.locator('td').nth(at).locator('data');
      if (await figure.count()) assert.equal(whole(await figure.getAttribute('value')), await price(id, input), `${id} at ${input}`);
    }
  }
  await page.getByLabel('Shown up to').selectOption('1000000');
  await until('the longest inputs', async () => (await page.locator('.chart').getByText('1M').count()) > 0);
}

export async function mistakes(browser) {
  const page = await browser.open(`/ui#calculator?${CHOSEN}`);
  await settle(page);
  const field = page.getByLabel('Requests a day');
  await field.fill('1.5');
  await page.getByText('A whole number from 1 to').waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByRole('button', { name: 'Copy as curl' }).first().isDisabled(), true);
  await field.fill('2');
  await until('a sound field', async () => (await field.getAttribute('aria-invalid')) === null);

  // Models that are not there, and prices that are not there, leave the others alone.
  const other = await browser.open('/ui#calculator?m=openai/gpt-4.1&m=no/such-model&tier=flex', { allowed: /404/ });
  await settle(other);
  await other.getByText("Model 'no/such-model' not found").waitFor();
  assert.deepEqual(await ids(other), ['openai/gpt-4.1']);
}
