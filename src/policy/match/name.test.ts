// Names in rules: what each form matches, and what is none.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatDestination, parseDestination } from './destination.ts';
import { formatName, nameMatches, parseName } from './name.ts';
import { NameField } from './names.ts';

function pattern(text: string) {
  const parsed = parseName(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

test('a name, what is below a domain, and a domain with what is below', () => {
  const cases: [text: string, name: string, matches: boolean][] = [
    ['example.com', 'example.com', true],
    ['example.com', 'www.example.com', false],
    ['*.example.com', 'www.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'badexample.com', false],
    ['.example.com', 'example.com', true],
    ['.example.com', 'www.example.com', true],
    ['.example.com', 'badexample.com', false],
    ['Example.COM.', 'example.com', true],
  ];
  for (const [text, name, matches] of cases) assert.equal(nameMatches(pattern(text), name), matches, `${text} ${name}`);
});

test('with ports, and written as they were read', () => {
  for (const text of [
    'example.com:443',
    '*.example.com',
    '.example.com:80-90',
    'list:ads',
    'list:ads:443',
    'country:DE',
    'as:13335:53',
  ]) {
    const parsed = parseDestination(text);
    assert.ok(parsed.ok, text);
    assert.equal(formatDestination(parsed.value), text);
  }
});

const label = fc.constantFrom('a', 'b', 'com', 'x-1', '_dmarc');
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const text = fc.tuple(fc.constantFrom('', '*.', '.'), name).map(([front, domain]) => front + domain);

test('the field of names finds exactly the patterns that match', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), fc.array(name, { maxLength: 3 }), (texts, names) => {
      const field = new NameField();
      const numbers = texts.map((one) => field.number(pattern(one), undefined));
      const matched = field.match(names.map((one) => ({ name: one, from: 'dns' })));
      texts.forEach((one, index) => {
        const expected = names.some((other) => nameMatches(pattern(one), other));
        assert.equal(matched.has(numbers[index] as number), expected, `${formatName(pattern(one))} ${names}`);
      });
    }),
  );
});

test('a name counts only with the evidence that is asked for', () => {
  const field = new NameField();
  const bySni = field.number(pattern('a.com'), new Set(['sni', 'quic'] as const));
  const any = field.number(pattern('a.com'), undefined);
  assert.deepEqual(field.match([{ name: 'a.com', from: 'dns' }]).list, [any]);
  assert.deepEqual(field.match([{ name: 'a.com', from: 'quic' }]).list, [bySni, any]);
});
