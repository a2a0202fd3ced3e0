// Globs and patterns: what they match, what is wrong with them, and that no pattern is slow.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { processorMs } from '#std/processor.testing.ts';
import { compileGlob, escapeGlob } from './glob.ts';
import { cgroupMatches, compilePattern, exactPattern, patternMatches } from './pattern.ts';

function glob(pattern: string, text: string, kind: 'path' | 'plain' = 'path'): boolean {
  const compiled = compileGlob(pattern, kind);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error);
  return compiled.value(text);
}

const table: readonly (readonly [pattern: string, yes: string, no: string])[] = [
  ['/usr/bin/*', '/usr/bin/curl /usr/bin/', '/usr/bin/a/b /usr/bin /usr/binx/a'],
  ['/usr/**', '/usr/a /usr/a/b /usr/', '/usr /usrx/a'],
  ['**/npm-cli.js', '/npm-cli.js /usr/lib/npm-cli.js', 'npm-cli.js /x/npm-cli.jsx /xnpm-cli.js'],
  ['/usr/**/bin', '/usr/bin /usr/a/bin /usr/a/b/bin', '/usr/xbin /usrbin /usr/bin/x'],
  ['/a/*/c', '/a/b/c /a//c', '/a/b/b/c /a/c'],
  ['/a?c', '/abc', '/ac /a/c /abbc'],
  ['/[a-c]x', '/ax /cx', '/dx /x'],
  ['/[!a-c]x', '/dx', '/ax //x'],
  ['/[]a]', '/] /a', '/b'],
  ['/{a,b/*}/c', '/a/c /b/x/c', '/b/c /ab/c'],
  ['/{a,{b,c}d}', '/a /bd /cd', '/b /d'],
  ['/\\*a', '/*a', '/xa'],
  ['/[*]{x}', '/*x', '/a{x}'],
];

test('globs of paths', () => {
  for (const [pattern, yes, no] of table) {
    for (const text of yes.split(' ')) assert.ok(glob(pattern, text), `${pattern} matches ${text}`);
    for (const text of no.split(' ')) assert.ok(!glob(pattern, text), `${pattern} does not match ${text}`);
  }
});

test('outside of paths a star is anything', () => {
  assert.ok(glob('npm *', 'npm run a/b', 'plain'));
  assert.ok(glob('a?b', 'a/b', 'plain'));
  assert.ok(!glob('npm *', 'npx x', 'plain'));
});

/** The same, as a regular expression of JavaScript. */
function asRegex(pattern: string): RegExp {
  const source = pattern.replace(/\*\*|\*|\?|[^*?]/g, (part) =>
    part === '**' ? '.*' : part === '*' ? '[^/]*' : part === '?' ? '[^/]' : part.replace(/[/.]/, '\\$&'),
  );
  return new RegExp(`^${source}$`, 's');
}

test('stars and question marks mean what a regular expression says', () => {
  const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?', '/a', '**b'), { maxLength: 8 }).map((p) => p.join(''));
  const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 10 }).map((p) => p.join(''));
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      fc.pre(!p.includes('***') && !/\*\*\//.test(p));
      assert.equal(glob(p, t), asRegex(p).test(t), `${p} on ${t}`);
    }),
    { numRuns: 2000 },
  );
});

function onlyItself(value: string, other: string): void {
  const pattern = compilePattern(exactPattern(value), 'path');
  assert.ok(pattern.ok);
  assert.ok(patternMatches(pattern.value, value), `${exactPattern(value)} matches ${value}`);
  assert.equal(patternMatches(pattern.value, other), value === other, `${exactPattern(value)} and ${other}`);
}

test('a text that begins as a regular expression does, with backslashes', () => {
  onlyItself('~\\\\', '~\\');
  onlyItself('~\\,', '~,');
  onlyItself('~a\\b', '~ab');
});

test('an escaped text matches itself and nothing else', () => {
  const char = fc.constantFrom(...'ab*?[]{},\\/~!-^');
  fc.assert(
    fc.property(fc.array(char, { minLength: 1 }), fc.array(char, { minLength: 1 }), (a, b) => {
      onlyItself(a.join(''), b.join(''));
    }),
    { numRuns: 2000 },
  );
  assert.equal(escapeGlob('dev\\x2dsda.device'), 'dev\\x2dsda.device', 'unit names keep their backslashes');
});

test('no pattern is slow', () => {
  const spent = processorMs(() => {
    assert.ok(!glob(`/${'*a'.repeat(1000)}b`, `/${'ab'.repeat(999)}b`));
    const regex = compilePattern('~^(a+)+$', 'plain');
    assert.ok(regex.ok && !patternMatches(regex.value, `${'a'.repeat(4000)}b`));
  });
  assert.ok(spent < 2000, `${spent} ms`);
});

test('any text is a pattern or is refused with a reason', () => {
  const char = fc.constantFrom(...'ab*?[]{},\\/~!-^()|');
  fc.assert(
    fc.property(fc.array(char), fc.string(), (parts, value) => {
      const pattern = compilePattern(parts.join(''), 'path');
      if (pattern.ok) assert.equal(typeof patternMatches(pattern.value, value), 'boolean');
      else assert.ok(pattern.error.length > 5);
    }),
    { numRuns: 1000 },
  );
});

test('regular expressions match anywhere unless they are tied down', () => {
  const pattern = compilePattern('~(?i)FIREFOX', 'plain');
  assert.ok(pattern.ok && patternMatches(pattern.value, '/usr/lib/firefox/x'));
  const tied = compilePattern('~^fire', 'plain');
  assert.ok(tied.ok && !patternMatches(tied.value, '/usr/lib/firefox'));
});

test('a cgroup holds what is below it', () => {
  const holds = (text: string, cgroup: string) => {
    const pattern = compilePattern(text, 'plain');
    return pattern.ok && cgroupMatches(pattern.value, cgroup);
  };
  assert.ok(holds('/user.slice', '/user.slice') && holds('/user.slice', '/user.slice/a/b'));
  assert.ok(!holds('/user.slice', '/user.slicex') && !holds('/user.slice/a', '/user.slice'));
  assert.ok(holds('/', '/x') && holds('/*.slice', '/a.slice/b'));
});
