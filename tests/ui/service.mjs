// A service that wants a key, that has too much to do, and that leaves.

import assert from 'node:assert/strict';
import { assertAccessible, copied, ids, settle, until } from './browser.mjs';

export async function key(browser) {
  const allowed = /401/;
  const page = await browser.open('/ui#calculator?m=openai/gpt-4.1', { allowed });
  const dialog = page.getByRole('dialog', { name: 'This service asks for a key' });
  await dialog.waitFor();
  await assertAccessible(page, 'the question for the key');
  await dialog.getByLabel('API key').fill('wrong');
  await page.keyboard.press('Enter');
  await dialog.getByText('The service does not take this key.').waitFor();
  await dialog.getByLabel('API key').fill('right');
  await dialog.getByRole('button', { name: 'Use this key' }).click();
  await until('an answer', async () => (await ids(page)).length === 1);
  assert.equal(await dialog.count(), 0);
  const command = await copied(page, page.getByRole('button', { name: 'Copy as curl' }).first());
  assert.match(command, /-H "x-team-key: \$API_KEY"/);
  assert.doesNotMatch(command + page.url(), /right/);
  await page.reload();
  await until('an answer without a question', async () => (await ids(page)).length === 1);
  await page.getByRole('link', { name: 'Operations' }).click();
  await page.getByRole('table').waitFor();

  const other = await browser.open('/ui', { allowed });
  await other.getByRole('dialog').waitFor();
  assert.deepEqual(await ids(other), [], 'another tab has no key');
}

export async function patience(browser) {
  const page = await browser.open('/ui#models', { allowed: /429/ });
  await settle(page);
  const statuses = await page.evaluate(async () => {
    const found = [];
    while (found.at(-1) !== 429) found.push((await fetch('models?limit=1')).status);
    return found;
  });
  assert.ok(statuses.length > 1);
  await page.getByLabel('vision').check();
  await page.getByText('Trying again in').waitFor();
  await until('the answer after all', async () => (await page.locator('#notice').isHidden()) && (await ids(page)).length > 0);
}

export async function drain(browser) {
  const page = await browser.open('/ui#operations', { allowed: /503|ERR_CONNECTION|ERR_EMPTY/ });
  const card = page.getByRole('article', { name: 'blue blue-1' });
  const shows = (text) => card.getByText(text, { exact: true }).waitFor();
  await shows('ready');
  const inFlight = () => card.locator('.flight b').textContent();
  await until('a request in flight', async () => (await inFlight()) === '1');
  await page.locator('caption', { hasText: 'As told by blue blue-1' }).waitFor();
  console.log('now: stop it');
  await shows('lame duck');
  await page.locator('#said', { hasText: 'blue blue-1: lame duck' }).waitFor({ state: 'attached' });
  await shows('draining');
  const left = async () => Number.parseFloat(await card.locator('.drain b').textContent());
  const first = await left();
  assert.ok(first > 0 && first <= 603, `${first} seconds left`);
  await until('time goes by', async () => (await left()) < first);
  await assertAccessible(page, 'a drain');
  assert.equal(await inFlight(), '1');
  console.log('now: let go');
  await page.getByText('No answer from the service.').waitFor();
  assert.equal(await page.locator('.strip .blue').count() > 2, true);
  await page.locator('.strip .none').first().waitFor();
}

// Two colours behind one address: the old one drains while the new one serves, then is heard of no more.
export async function change_of_colour(browser) {
  const backends = await browser.balance();
  const page = await browser.open('/ui#operations', { allowed: /503/ });
  const blue = page.getByRole('article', { name: 'blue blue-1' });
  const green = page.getByRole('article', { name: 'green green-1' });
  await blue.getByText('ready', { exact: true }).waitFor();
  await green.getByText('ready', { exact: true }).waitFor();
  console.log('now: stop blue');
  await blue.getByText('draining', { exact: true }).waitFor();
  await until('what is in flight', async () => (await blue.locator('.flight b').textContent()) === '1');
  await blue.locator('.drain').waitFor();
  await green.getByText('ready', { exact: true }).waitFor();
  assert.ok((await page.locator('.strip .blue').count()) > 0 && (await page.locator('.strip .green').count()) > 0);
  backends.shift();
  await blue.getByText('not heard of for').waitFor();
  await page.locator('#stamp', { hasText: 'green' }).waitFor();
}
