import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HostNameError, parseHostName } from './hostname.ts';

function parse(text: string): string {
  const around = Buffer.from(`a${text}b`, 'latin1');
  const parsed = parseHostName(around, 1, around.length - 1);
  return parsed.ok ? parsed.value : `(${parsed.error})`;
}

const refused = (error: HostNameError) => `(${error})`;

test('a name is lower case and has no dot at its end', () => {
  assert.equal(parse('WWW.Example.COM.'), 'www.example.com');
  assert.equal(parse('localhost'), 'localhost');
  assert.equal(parse('_dmarc.xn--bcher-kva.example'), '_dmarc.xn--bcher-kva.example');
  assert.equal(parse('r3---sn-4g5e6nzz.example'), 'r3---sn-4g5e6nzz.example');
});

test('an address is no name, however it is written', () => {
  for (const text of [
    '192.0.2.1',
    '192.0.2.1.',
    '2130706433',
    '127.1',
    '0x7f.1',
    'a.0x7F',
    'a.0x',
    '2001:db8::1',
    '::',
  ]) {
    assert.equal(parse(text), refused('address'), text);
  }
  assert.equal(parse('1.example'), '1.example');
  assert.equal(parse('0xg'), '0xg');
});

test('what cannot be a name is none', () => {
  assert.equal(parse(''), refused('empty'));
  assert.equal(parse('.'), refused('empty'));
  for (const text of [
    'a..b',
    '.a',
    'a..',
    '-a.b',
    'a.b-',
    'a b',
    'a\0',
    'a/b',
    'a@b',
    '*.a',
    'b\xfccher.example',
    'a\r\nb',
    '[a]',
  ]) {
    assert.equal(parse(text), refused('bad-label'), JSON.stringify(text));
  }
});

test('lengths end where those of the DNS end', () => {
  const long = `${`${'a'.repeat(63)}.`.repeat(3)}${'b'.repeat(61)}`;
  assert.equal(long.length, 253);
  assert.equal(parse(long), long);
  assert.equal(parse(`${long}.`), long);
  assert.equal(parse(`${long}b`), refused('too-long'));
  assert.equal(parse(`${long}b.`), refused('too-long'));
  assert.equal(parse('a'.repeat(63)), 'a'.repeat(63));
  assert.equal(parse('a'.repeat(64)), refused('too-long'));
});

test('whatever comes is a name of plain characters, or none', () => {
  const text = fc.array(fc.constantFrom('a', 'Z', '9', '-', '_', '.', '0x', ':', '\u0130', '\xff', ' '), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (parts) => {
      const bytes = Buffer.from(parts.join(''), 'latin1');
      const parsed = parseHostName(bytes, 0, bytes.length);
      if (!parsed.ok) return;
      assert.match(parsed.value, /^[a-z0-9_.-]+$/);
      assert.deepEqual(parseHostName(Buffer.from(parsed.value), 0, parsed.value.length), parsed);
    }),
    { numRuns: 5000 },
  );
});
