import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Beginning, type WordLimits } from './beginning.ts';

const isn = 0xffff_fff0;
const limits: WordLimits = { packets: 100, bytes: 1000 };
const none = new Uint8Array(0);
const syn = { sequence: isn, begins: true, ends: false, payload: none };
const text = (beginning: Beginning) => Buffer.from(beginning.bytes()).toString('latin1');

/** The bytes of `payload` at `offset` from the first one. */
const data = (offset: number, payload: string | Uint8Array, ends = false) => ({
  sequence: (isn + 1 + offset) >>> 0,
  begins: false,
  ends,
  payload: typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload,
});

function begun(given: Partial<WordLimits> = {}): Beginning {
  const beginning = new Beginning({ ...limits, ...given });
  assert.equal(beginning.handle(syn), undefined);
  return beginning;
}

test('segments come together in any order, over the wrap of the sequence numbers', () => {
  const beginning = begun();
  assert.equal(beginning.handle(data(20, 'uvwxyz')), undefined);
  assert.equal(text(beginning), '');
  assert.equal(beginning.handle(data(0, 'abcdefghij')), undefined);
  assert.equal(text(beginning), 'abcdefghij');
  assert.equal(beginning.handle(data(5, 'fghijklmnopqrstuv')), undefined);
  assert.equal(text(beginning), 'abcdefghijklmnopqrstuvwxyz');
});

test('what comes again and differs is ambiguous, also before the gap is closed', () => {
  const beginning = begun();
  beginning.handle(data(10, 'klm'));
  assert.equal(beginning.handle(data(8, 'ijK')), 'ambiguous');
  const inOrder = begun();
  inOrder.handle(data(0, 'abc'));
  assert.equal(inOrder.handle(data(0, 'abc')), undefined);
  assert.equal(inOrder.handle(data(0, 'abx')), 'ambiguous');
});

test('without its SYN nobody knows where it begins', () => {
  const beginning = new Beginning(limits);
  assert.equal(beginning.handle(data(0, '')), undefined);
  assert.equal(beginning.handle(data(0, 'abc')), 'joined-late');
});

test('data in the SYN is the first of it; another SYN begins anew', () => {
  const beginning = new Beginning(limits);
  beginning.handle({ ...syn, payload: Buffer.from('abc') });
  beginning.handle(syn);
  beginning.handle(data(3, 'd'));
  assert.equal(text(beginning), 'abcd');
  beginning.handle({ ...syn, sequence: 7 });
  assert.equal(text(beginning), '');
  beginning.handle({ ...data(0, 'x'), sequence: 8 });
  assert.equal(text(beginning), 'x');
});

test('a keep-alive is no data', () => {
  const beginning = begun();
  assert.equal(beginning.handle(data(-1, '\0')), undefined);
  assert.equal(beginning.handle(data(-1, '\0abc')), undefined);
  assert.equal(text(beginning), 'abc');
});

test('no more packets and bytes than allowed', () => {
  const beginning = begun({ packets: 2 });
  assert.equal(beginning.handle(data(0, 'a')), undefined);
  assert.equal(beginning.handle(data(1, '')), undefined);
  assert.equal(beginning.full, undefined);
  assert.equal(beginning.handle(data(1, 'b')), undefined);
  assert.equal(beginning.full, 'too-many-packets');
  assert.equal(beginning.handle(data(2, 'c')), 'too-many-packets');
  const another = begun({ packets: 1 });
  another.handle(data(0, 'a'));
  another.handle({ ...syn, sequence: 7 });
  assert.equal(another.handle({ ...data(0, 'x'), sequence: 8 }), 'too-many-packets');
  const short = begun({ bytes: 3 });
  assert.equal(short.handle(data(3, 'def')), undefined);
  assert.equal(short.handle(data(0x7fff_fff0, 'a')), undefined);
  assert.equal(short.handle(data(-0x7fff_fff0, 'a')), undefined);
  assert.deepEqual([text(short), short.full], ['', undefined]);
  assert.equal(short.handle(data(1, 'bcd')), undefined);
  assert.equal(short.handle(data(-1, '\0abcde')), undefined);
  assert.deepEqual([text(short), short.full], ['abc', 'too-long']);
});

test('a FIN ends it once all before it is there', () => {
  const beginning = begun();
  beginning.handle(data(3, 'def', true));
  assert.equal(beginning.ended, false);
  beginning.handle(data(0, 'abc'));
  assert.equal(beginning.ended, true);
});

test('cut, shuffled and repeated, it is the same', () => {
  const pieces = fc.array(fc.tuple(fc.nat(299), fc.integer({ min: 1, max: 60 })), { maxLength: 20 });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 300, maxLength: 300 }), pieces, (whole, cuts) => {
      const beginning = begun();
      const seen = new Set<number>();
      for (const [at, length] of cuts) {
        const piece = whole.subarray(at, at + length);
        for (let place = at; place < at + piece.length; place++) seen.add(place);
        assert.equal(beginning.handle(data(at, piece)), undefined);
      }
      let length = 0;
      while (seen.has(length)) length++;
      assert.deepEqual(beginning.bytes(), whole.slice(0, length));
    }),
    { numRuns: 1000 },
  );
});
