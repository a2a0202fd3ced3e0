// Bytes in whatever pieces become the same messages, and nothing makes it hold more than one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sent } from './resolved.testing.ts';
import { maxMessageBytes, VarlinkStream } from './stream.ts';

/** What comes of these bytes, cut at these places. */
function readIn(bytes: Uint8Array, cuts: readonly number[]) {
  const stream = new VarlinkStream();
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const messages = places.slice(1).flatMap((end, at) => {
    const piece = bytes.slice(places[at], end);
    const said = stream.handle(piece);
    piece.fill(0xee); // the caller's buffer is used again
    return [...said];
  });
  return { messages, error: stream.error, held: stream.held };
}

test('the same messages in whatever pieces they come', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(fc.array(object, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 20 }), (messages, cuts) => {
      const wanted = messages.map((message) => JSON.parse(JSON.stringify(message)));
      assert.deepEqual(readIn(sent(...messages), cuts), { messages: wanted, error: undefined, held: 0 });
    }),
    { numRuns: 500 },
  );
});

test('one byte at a time', () => {
  const bytes = sent({ a: 'ü' }, { b: [1] });
  const cuts = Array.from(bytes, (_, at) => at);
  assert.deepEqual(readIn(bytes, cuts), { messages: [{ a: 'ü' }, { b: [1] }], error: undefined, held: 0 });
});

test('what is no message ends it, and what came before counts', () => {
  const wrong: [string | Uint8Array, string][] = [
    ['\0', 'not-json'],
    ['{\0', 'not-json'],
    ['[1]\0', 'no-object'],
    ['null\0', 'no-object'],
    ['1\0', 'no-object'],
    [Uint8Array.from([0x22, 0xff, 0x22, 0]), 'not-json'],
    [`${'['.repeat(200_000)}\0`, 'not-json'],
    [`${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)} x\0`, 'not-json'],
  ];
  for (const [text, error] of wrong) {
    const bytes = Buffer.concat([sent({ a: 1 }), Buffer.from(text), sent({ b: 1 })]);
    assert.deepEqual(readIn(bytes, [5, 11]), { messages: [{ a: 1 }], error, held: 0 });
  }
});

test('a message of the most bytes is read, and one of more ends it before it is whole', () => {
  const most = `{"a":"${'x'.repeat(maxMessageBytes - 8)}"}`;
  assert.equal(most.length, maxMessageBytes);
  assert.deepEqual(readIn(Buffer.from(`${most}\0`), [100]).messages, [JSON.parse(most)]);
  const stream = new VarlinkStream();
  const piece = new Uint8Array(1000).fill(0x20);
  for (let at = 0; at < 263; at++) {
    assert.deepEqual(stream.handle(piece), []);
    assert.ok(stream.held <= maxMessageBytes);
  }
  assert.equal(stream.error, 'too-long');
  assert.deepEqual(stream.handle(sent({ a: 1 })), []);
  assert.equal(readIn(Buffer.from(`${most} \0`), []).error, 'too-long');
});
