// The pictures in docs/UI.md.

import { mkdirSync, writeFileSync } from 'node:fs';
import { DESK, PHONE, settle, until } from './browser.mjs';

const FOLDER = new URL('../../target/ui/pictures/', import.meta.url);
const CHOSEN = 'm=openai/gpt-4.1&m=gemini/gemini-2.5-pro&m=anthropic/claude-opus-4-5&m=openai/gpt-4o-mini';
const PLACES = {
  desk: { ...DESK, viewport: { width: 1280, height: 800 } },
  phone: { ...PHONE, deviceScaleFactor: 1.5 },
};
const VIEWS = [
  ['models', `#models?q=claude&can=reasoning&sort=cost_per_output_token&${CHOSEN}`, 'light', 'dark'],
  ['compare', `#compare?${CHOSEN}`, 'dark', 'light'],
  ['calculator', `#calculator?${CHOSEN}&in=60000&cached=40`, 'light', 'dark', 1_060],
  ['operations', '#operations', 'dark', 'light'],
];

export async function take(browser) {
  mkdirSync(FOLDER, { recursive: true });
  await browser.balance();
  const wanted = VIEWS.flatMap(([view, address, atDesk, onPhone, height]) => [[view, address, 'desk', atDesk, height], [view, address, 'phone', onPhone]]);
  const pages = await Promise.all(wanted.map(async ([view, address, place, colorScheme, height]) => {
    const page = await browser.open(`/ui${address}`, { ...PLACES[place], colorScheme, allowed: /503/ });
    if (height) await page.setViewportSize({ ...page.viewportSize(), height });
    if (view !== 'operations') await settle(page);
    return page;
  }));
  const watched = pages.filter((_, at) => wanted[at][0] === 'operations');
  const draining = async (page) => (await page.locator('[data-phase=draining] .drain').count()) > 0 && (await page.locator('[data-phase=ready]').count()) > 0;
  for (const [at, page] of pages.entries()) if (!watched.includes(page)) await photograph(page, wanted[at]);
  console.log('now: stop blue');
  for (const page of watched) {
    await until('the drain', () => draining(page));
    await photograph(page, wanted[pages.indexOf(page)]);
  }
}

async function photograph(page, [view, , place, colorScheme]) {
  await page.bringToFront();
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 72 });
  writeFileSync(new URL(`${view}-${place}-${colorScheme}.webp`, FOLDER), data, 'base64');
}
