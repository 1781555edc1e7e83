// For everyone who comes, and for nobody who slips in.

import assert from 'node:assert/strict';
import { assertAccessible, DESK, PHONE, settle, until } from './browser.mjs';

const CHOSEN = 'm=openai/gpt-4.1&m=gemini/gemini-2.5-pro&m=anthropic/claude-sonnet-4-5';
const VIEWS = {
  models: `#models?q=gpt&sort=cost_per_input_token&${CHOSEN}`,
  'retired models': '#models?retired=yes&q=gpt-3.5',
  'no models': '#models?q=there-is-no-such-model',
  'one model': '#model?id=gemini/gemini-2.5-pro',
  'a comparison': `#compare?${CHOSEN}`,
  'an empty comparison': '#compare',
  'a calculation': `#calculator?${CHOSEN}`,
  'a mistake': `#calculator?${CHOSEN}&perday=0`,
  operations: '#operations',
};

// What makes the page scroll sideways.
function beyond() {
  if (document.documentElement.scrollWidth <= window.innerWidth) return [];
  const isWide = (element) => element.getBoundingClientRect().right > window.innerWidth;
  return [...document.querySelectorAll('body *')].filter(isWide).map((element) => element.outerHTML.slice(0, 100)).slice(-5);
}

export async function accessible(browser) {
  for (const [place, options, colorScheme] of [['a desk', DESK, 'light'], ['a desk', DESK, 'dark'], ['a phone', PHONE, 'dark']]) {
    const page = await browser.open('/ui', { ...options, colorScheme });
    for (const [name, address] of Object.entries(VIEWS)) {
      const what = `${name}, ${colorScheme}, at ${place}`;
      await page.goto(`${browser.base}/ui${address}`);
      if (name === 'operations') await page.locator('table').waitFor();
      else await settle(page);
      for (const details of await page.locator('main details:not([open]) > summary').all()) await details.click();
      await assertAccessible(page, what);
      assert.deepEqual(await page.evaluate(beyond), [], `${what}: beyond the edge`);
    }
    await page.context().close();
  }
}

export async function policy(browser) {
  const page = await browser.open('/ui', { allowed: /Content Security Policy|Refused to|violates/ });
  await settle(page);
  await page.evaluate(() => {
    window.blocked = [];
    addEventListener('securitypolicyviolation', (event) => window.blocked.push(event.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'window.hasSlippedIn = true';
    const style = document.createElement('style');
    style.textContent = 'body { display: none }';
    const image = document.createElement('img');
    image.src = '/health';
    const frame = document.createElement('iframe');
    frame.src = '/health';
    document.body.append(script, style, image, frame);
    return fetch('http://127.0.0.2/').catch(() => {});
  });
  for (const directive of ['script-src-elem', 'style-src-elem', 'img-src', 'frame-src', 'connect-src']) {
    await until(directive, () => page.evaluate((one) => window.blocked.includes(one), directive));
  }
  assert.equal(await page.evaluate(() => window.hasSlippedIn), undefined);
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).display), 'none');
}
