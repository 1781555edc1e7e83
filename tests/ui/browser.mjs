// A browser in which nothing is reached but the service under test, and what every scenario needs of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../target/ui/', import.meta.url));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const PATIENCE_MS = 30_000;

export const DESK = { viewport: { width: 1280, height: 860 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export class Browser {
  static async start(servers) {
    const program = await chromium.launch({
      executablePath: process.env.CHROMIUM,
      args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    });
    return new Browser(servers, program);
  }

  constructor(servers, program) {
    this.servers = servers;
    [this.base] = servers;
    this.program = program;
    this.problems = [];
  }

  // A page of the service in a profile of its own. Of the console `allowed` is what a scenario has provoked.
  async open(address, { allowed = null, ...options } = {}) {
    const context = await this.program.newContext({ ...DESK, permissions: ['clipboard-read', 'clipboard-write'], ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !allowed?.test(message.text())) this.problems.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.problems.push(error.stack));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${this.base}/`) && !request.url().startsWith('data:')) this.problems.push(`asked for ${request.url()}`);
    });
    await page.goto(`${this.base}${address}`);
    return page;
  }

  // Puts a balancer before the servers, and opens what follows there. It sends requests
  // to those of the returned list, in no order that could be in step with a page's.
  async balance() {
    const backends = [...this.servers];
    let turn = 1;
    const balancer = http.createServer((request, reply) => {
      const { method, url, headers } = request;
      turn = (Math.imul(turn, 1_103_515_245) + 12_345) >>> 0;
      const asked = http.request(backends[(turn >>> 16) % backends.length] + url, { method, headers: { ...headers, connection: 'close' } }, (answer) => {
        reply.writeHead(answer.statusCode, answer.headers);
        answer.pipe(reply);
      });
      asked.on('error', () => reply.destroy());
      request.pipe(asked);
    });
    await new Promise((resolve) => balancer.listen(0, '127.0.0.1', resolve));
    balancer.unref();
    this.base = `http://127.0.0.1:${balancer.address().port}`;
    return backends;
  }

  check() {
    assert.deepEqual(this.problems, []);
  }

  async end() {
    await this.program.close();
  }

  // Asks the service as any client would. Numbers stay the text they were sent as.
  async ask(path, body) {
    const reply = await fetch(`${this.base}/${path}`, body && { method: 'POST', body: JSON.stringify(body) });
    assert.equal(reply.status, 200, path);
    return exact(await reply.text());
  }
}

export function exact(text) {
  return JSON.parse(text, (_, value, context) => (typeof value === 'number' ? context.source : value));
}

// A decimal text as a whole number of 1e-24, so that sums are exact.
export function whole(text) {
  const [, sign, digits, decimals = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  const scaled = BigInt(digits + decimals) * 10n ** BigInt(24 - decimals.length + Number(power));
  return sign ? -scaled : scaled;
}

export async function until(what, isSo) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, `never seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Waits until nothing on the page is still being made, beginning with what its address asks for.
export async function settle(page) {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  await page.waitForLoadState('networkidle');
  await until('a page at rest', () => page.evaluate(() => !document.querySelector('[aria-busy]')));
}

export function ids(page) {
  return page.locator('tbody tr[data-id]').evaluateAll((rows) => rows.map((row) => row.dataset.id));
}

// Presses Tab until the focus is where it is wanted, as somebody without a mouse has to.
export async function tabTo(page, selector, presses = 60) {
  for (let press = 0; press < presses; press += 1) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate((wanted) => {
      const { activeElement } = document;
      const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
      return { isThere: activeElement.matches(wanted), isSeen: outlineStyle !== 'none' && outlineWidth !== '0px', is: activeElement.outerHTML.slice(0, 120) };
    }, selector);
    assert.ok(seen.isSeen, `the focus shows at ${seen.is}`);
    if (seen.isThere) return;
  }
  assert.fail(`${selector} is not reached with ${presses} presses of Tab`);
}

export async function copied(page, button) {
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await button.click();
  let text = '';
  await until('a copied command', async () => (text = await page.evaluate(() => navigator.clipboard.readText())) !== '');
  return text;
}

// Fails with what axe finds, and where.
export async function assertAccessible(page, what) {
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.map((one) => `${one.id} (${one.impact}): ${one.help}\n${one.nodes.map((node) => `  ${node.target}: ${node.failureSummary}`).join('\n')}`);
  assert.deepEqual(found, [], `${what}:\n${found.join('\n')}`);
  assert.ok(passes.length > 10, `${what}: axe looked at something`);
}
