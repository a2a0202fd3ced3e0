// The language of the journal: what it means, where it is wrong, and that nothing at all makes it fall over.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { processorMs } from '#std/processor.testing.ts';
import { ok } from '#std/result.ts';
import { type Asked, fieldNames } from './fields.ts';
import { queryTest } from './match.ts';
import { formatQuery, maxQueryLength, parseQuery } from './query.ts';

const line: Asked = {
  ...{ app: 'firefox', user: 'alice', domain: 'example.org', action: 'reject', enforced: true, rule: 'no ads' },
  ...{ reason: 'rule', country: 'DE', as: 3320 },
  attempt: {
    process: { exe: '/usr/lib/firefox/firefox', uid: 1000 },
    flow: { protocol: 'tcp', direction: 'out', remote: { address: '198.51.100.7', port: 443 } },
    names: [{ name: 'cdn.example.org', from: 'dns' }],
  },
};
const incoming: Asked = {
  ...{ app: 'sshd', user: null, domain: null, action: 'allow', enforced: false, rule: null, reason: 'mode', own: true },
  attempt: {
    flow: {
      ...{ protocol: 'tcp', direction: 'in', local: { address: '192.0.2.1', port: 22 } },
      remote: { address: '2001:db8::7', port: 50_000 },
    },
  },
};

function holds(text: string, of: Asked): boolean {
  const query = parseQuery(text);
  assert.ok(query.ok, `${text}: ${JSON.stringify(query)}`);
  return queryTest(query.value)(of);
}

suite('a query', () => {
  test('asks field by field; all terms hold, one value of each', () => {
    for (const text of [
      ...['', 'app:firefox', 'APP:FireFox', 'app:curl,firefox', 'app:fire*', 'app:"firefox"', '-app:curl'],
      ...['verdict:reject country:!US port:443', 'port:400-500', 'port:80,443', '!port:80', 'user:alice', 'by:rule'],
      ...['name:*.example.org', 'name:cdn.example.or?', 'domain:example.org', 'proto:tcp direction:out as:3320'],
      ...['rule:"no ads"', 'address:198.51.100.0/24', 'address:198.51.*', 'own:no enforced:yes', 'path:*/firefox'],
      ...['-country:!DE', 'app:firefox -name:*.net', 'EXAMPLE.org', '"no ads"', '-curl', 'cdn.*.org', 'fire'],
    ]) {
      assert.ok(holds(text, line), text);
    }
    for (const text of [
      ...[
        'app:fire',
        'app:"fire*"',
        '-app:firefox',
        'country:!DE',
        'port:80',
        'port:444-500',
        'verdict:allow,drop,ask',
      ],
      ...[
        'name:example.org',
        'name:*.example.com',
        'own:yes',
        'by:mode',
        'curl',
        '-example',
        'rule:""',
        'firefox curl',
      ],
    ]) {
      assert.ok(!holds(text, line), text);
    }
  });

  test('of what came in asks for the port it came to; what is not known is asked for by empty quotes', () => {
    for (const text of ['port:22', 'rule:""', 'user:""', 'country:"" own:yes', 'address:2001:db8::/32', '"2001:db8"']) {
      assert.ok(holds(text, incoming), text);
    }
    for (const text of ['port:50000', 'country:*?', 'country:DE', 'as:0-9999', 'own:no']) {
      assert.ok(!holds(text, incoming), text);
    }
  });

  test('that is wrong says what, and where', () => {
    const wrong = (text: string) => {
      const query = parseQuery(text);
      assert.ok(!query.ok, text);
      return [text.slice(query.error.at, query.error.at + query.error.length), query.error.message];
    };
    assert.deepEqual(wrong('app:curl colour:red'), [
      'colour',
      `There is no field “colour”; there are ${fieldNames.join(', ')}. Text with a colon stands in quotes.`,
    ]);
    for (const [text, place, message] of [
      ['app:curl verdict:no', 'no', /“no” is no verdict: it is one of allow, reject, drop, ask\./],
      ['port:x', 'x', /no port: write a number/],
      ['address:300.1.1.1 a', '300.1.1.1', /no address/],
      ['app:', 'app:', /has no value here/],
      ['app:a,,b', 'app:a,', /has no value here/],
      ['a "b c', '"b c', /no other one that closes it/],
      ['app:fire*"x*"', '"', /begins within it/],
      ['app:"a"b', '"a"', /behind this one it goes on/],
      [`${'a '.repeat(65)}`, 'a ', /at most 64 terms/],
      [`port:${'1,'.repeat(64)}1`, '1', /at most 64 values/],
    ] as const) {
      const [where, what] = wrong(text);
      assert.equal(where, place, text);
      assert.match(what ?? '', message);
    }
    assert.match(wrong('x'.repeat(maxQueryLength + 1))[1] ?? '', /at most 2000/);
    assert.match(wrong('x'.repeat(301))[1] ?? '', /at most 300/);
  });

  test('written out is read as it was', () => {
    const value = fc.record(
      { text: fc.string({ maxLength: 20, unit: 'binary' }), pattern: fc.constant(false) },
      { noNullPrototype: true },
    );
    const term = fc.oneof(
      fc.record(
        {
          field: fc.constantFrom('app', 'user', 'name', 'domain', 'rule', 'path', 'country'),
          negated: fc.boolean(),
          values: fc.array(value, { minLength: 1, maxLength: 4 }),
        },
        { noNullPrototype: true },
      ),
      fc.record(
        { field: fc.constant(undefined), negated: fc.boolean(), values: fc.tuple(value) },
        { noNullPrototype: true },
      ),
    );
    fc.assert(
      fc.property(fc.array(term, { maxLength: 5 }), (terms) => {
        const text = formatQuery(terms as never);
        assert.deepEqual(parseQuery(text), ok([...terms]), text);
      }),
      { numRuns: 2000 },
    );
  });

  test('is read or refused, whatever it is, and what is read can be written and asked', () => {
    const word = fc.constantFrom(
      ...['app:', 'port:', '-', '!', '"', '\\', ',', '*', '?', ' ', ':', 'x', '443', '10.0.0.0/8', 'verdict:reject'],
      ...['\u202e', '\u0000', '\ud800', 'é'],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(word, { maxLength: 20 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const query = parseQuery(given);
        if (!query.ok) {
          const { at, length, message } = query.error;
          assert.ok(at >= 0 && length >= 1 && at <= given.length, given);
          assert.match(message, /\.$/);
          return;
        }
        queryTest(query.value)(line);
        assert.deepEqual(parseQuery(formatQuery(query.value)), query, given);
      }),
      { numRuns: 5000 },
    );
  });

  test('negated is the opposite', () => {
    const value = fc.constantFrom('firefox', 'fire*', 'curl', '"a b"', '*', '""');
    fc.assert(
      fc.property(fc.constantFrom('app', 'user', 'name', 'rule', 'path'), value, (field, wanted) => {
        for (const one of [line, incoming]) {
          assert.notEqual(holds(`${field}:${wanted}`, one), holds(`${field}:!${wanted}`, one));
          assert.equal(holds(`-${field}:${wanted}`, one), holds(`${field}:!${wanted}`, one));
        }
      }),
    );
  });

  test('a pattern takes no time to speak of', () => {
    const spent = processorMs(() =>
      holds(`name:${'a*'.repeat(140)}b`, {
        ...line,
        attempt: { ...line.attempt, names: [{ name: 'a'.repeat(1024), from: 'dns' }] },
      }),
    );
    assert.ok(spent < 1000, `${spent} ms`);
  });
});
