// Takes pictures of every page with made-up data, in the dark, in the light and on a phone, and asks axe of each:
// `node test/web/pictures.ts FOLDER [PAGE…]`. Prints what a browser complains of.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { complaints } from './complaints.ts';
import { startFake } from './fake.ts';

const [folder = '/tmp/postern-pictures', ...only] = process.argv.slice(2);
const views = [
  ...[
    '/',
    '/ask',
    '/refused',
    '/history',
    '/rules',
    '/rules?view=changes',
    '/learn',
    '/learn?name=learning nginx.service',
    '/names',
    '/networks',
    '/lists',
    '/settings',
    '/health',
  ],
  '/history?why=mb0-12.12',
  ...['/apps', '/apps/curl', '/rules/no%20trackers', '/rules?view=changes&change=40', '/rules?rule=no%20trackers'],
];
const looks = [
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 860 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const;

async function look(
  browser: Browser,
  url: string,
  { name, colorScheme, viewport }: (typeof looks)[number],
): Promise<void> {
  // The policy forbids scripts from elsewhere, and axe is one.
  const context = await browser.newContext({ colorScheme, viewport, bypassCSP: false });
  const page = await context.newPage();
  const say = (text: string) => process.stdout.write(`${text}\n`);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) say(`  ${name} console: ${message.text()}`);
  });
  page.on('pageerror', (error) => say(`  ${name} error: ${error.message}`));
  for (const view of views) {
    if (only.length > 0 && !only.includes(view)) continue;
    await page.goto(`${url}${view}`);
    await page.waitForTimeout(1400);
    const file = `${view.replace(/\W+/g, '_').replace(/^_/, '') || 'now'}-${name}.png`;
    await page.screenshot({ path: join(folder, file) });
    const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
    if (wide > viewport.width) say(`  ${view} ${name}: ${wide} px wide`);
    for (const problem of await complaints(page, 'any')) say(`  ${view} ${name}: ${problem}`);
  }
  await context.close();
}

mkdirSync(folder, { recursive: true });
const fake = await startFake();
const browser = await chromium.launch({ executablePath: '/usr/lib/chromium/chromium', args: ['--no-sandbox'] });
try {
  for (const one of looks) await look(browser, fake.url, one);
} finally {
  await browser.close();
  await fake.close();
}
