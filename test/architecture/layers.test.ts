// The layers of ARCHITECTURE.md: who imports whom, and that the inner ones are pure.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf, productSources, root } from './sources.ts';

const pure = /^src\/(model|wire|lists|geo|policy|attribution|engine|client\/live|client\/question)\//;

test('each folder imports only to its left, nothing circles, and koffi is in one place', () => {
  const ran = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'json',
      'src',
      'web/src',
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  assert.equal(ran.error, undefined);
  const { summary } = JSON.parse(ran.stdout) as {
    summary: { totalCruised: number; violations: { rule: { name: string }; from: string; to: string }[] };
  };
  const broken = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
  assert.deepEqual(broken, []);
  // A parser that reads nothing finds nothing wrong.
  assert.ok(summary.totalCruised > 200, `only ${summary.totalCruised} modules were looked at`);
});

test('the pure layers import no module of Node', () => {
  const found = productSources()
    .filter(({ path }) => pure.test(path))
    .filter(({ text }) => /\bfrom\s+['"]node:|\bimport\(\s*['"]node:|\brequire\(/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(found, []);
});

/** What would bring time, chance or the surroundings into a pure layer. */
const impure: Readonly<Record<string, RegExp>> = {
  'Date.now': /\bDate\.now\b/,
  'new Date()': /\bnew Date\(\s*\)/,
  performance: /\bperformance\./,
  timers: /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/,
  // `process` is also a Process in many signatures; these are what Node's has.
  process:
    /\b(globalThis\.process|process\.(env|argv|cwd|exit|stdout|stderr|stdin|on|once|hrtime|nextTick|platform|memoryUsage|kill))\b/,
  'Math.random': /\bMath\.random\b/,
  crypto: /\bcrypto\./,
  fetch: /\bfetch\(/,
};

function impurities(text: string): string[] {
  const code = codeOf(text);
  return Object.keys(impure).filter((name) => impure[name]?.test(code));
}

test('the pure layers have no clock, no timer, no chance and no surroundings', () => {
  const found = productSources()
    .filter(({ path }) => pure.test(path))
    .flatMap(({ path, text }) => impurities(text).map((name) => `${path}: ${name}`));
  assert.deepEqual(found, []);
});

test('the search for impurities finds them in code and not in comments or texts', () => {
  assert.deepEqual(impurities('const now = Date.now();\n'), ['Date.now']);
  assert.deepEqual(impurities('setTimeout(() => {}, 1); process.env.HOME;'), ['timers', 'process']);
  assert.deepEqual(impurities("// Date.now() would\nconst a = 'Math.random';\nprocess.pid === 1;"), []);
});
