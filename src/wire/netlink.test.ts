import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCorpus, sampleOf } from './corpus.testing.ts';
import { AttributeReader, MessageReader, parseAcks, parseControl } from './netlink.ts';

const samples = readCorpus('netlink');

function control(name: string) {
  const message = new MessageReader(sampleOf(samples, name));
  assert.ok(message.next());
  return parseControl(message);
}

test('an acknowledgement of the kernel', () => {
  assert.deepEqual(parseAcks(sampleOf(samples, 'batch')), { ok: true, value: [{ type: 'ack', sequence: 2 }] });
});

test("an error has the request's type, the place and the kernel's words", () => {
  assert.deepEqual(control('ENOENT with the request, capped, and an offset'), {
    ok: true,
    value: { type: 'error', sequence: 102, errno: 2, requestType: 0xa06, offset: 32 },
  });
  assert.deepEqual(control('EINVAL with the whole request and words'), {
    ok: true,
    value: { type: 'error', sequence: 7, errno: 22, requestType: 0x302, text: 'No such queue', offset: 20 },
  });
});

test('words are safe to print', () => {
  const result = control('words with control characters');
  assert.ok(result?.ok && result.value.type === 'error');
  assert.equal(result.value.text, 'a\\u{1b}]0;b\\u{7}\ufffd');
});

test('an error stands even when its explanation is broken', () => {
  const result = control('request longer than the answer');
  assert.deepEqual(result, { ok: true, value: { type: 'error', sequence: 7, errno: 22, requestType: 0x302 } });
});

test('an error that is none is refused', () => {
  for (const name of ['positive error', 'error of 3 bytes']) assert.equal(control(name)?.ok, false, name);
  assert.deepEqual(control('smallest error'), {
    ok: true,
    value: { type: 'error', sequence: 7, errno: 2 ** 31, requestType: 0x302 },
  });
});

test('the end of a dump', () => {
  const done = (name: string) => {
    const result = control(name);
    assert.ok(result?.ok && result.value.type === 'done');
    return [result.value.errno, result.value.text];
  };
  assert.deepEqual(done('end of a dump without a number'), [0, undefined]);
  assert.deepEqual(done('end of a dump with EINTR'), [4, undefined]);
  assert.deepEqual(done('end of a dump with words'), [22, 'bad filter']);
});

test('other messages are neither', () => {
  assert.equal(control('noop and overrun'), undefined);
  assert.deepEqual(parseAcks(sampleOf(samples, 'noop and overrun')), { ok: true, value: [] });
});

test('a rest of a message is told', () => {
  assert.deepEqual(parseAcks(sampleOf(samples, 'two messages and a rest of 3 bytes')), {
    ok: false,
    error: "the kernel's answer is truncated",
  });
});

test('padding that the datagram does not have is not missed', () => {
  const bytes = Uint8Array.of(17, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 42);
  const messages = new MessageReader(bytes);
  assert.ok(messages.next());
  assert.deepEqual([messages.type, messages.start, messages.end, messages.after], [9, 16, 17, 17]);
  assert.equal(messages.next(), false);
  assert.equal(messages.error, undefined);
});

test('an attribute is not read beyond its own end', () => {
  const attributes = new AttributeReader();
  attributes.reset(Uint8Array.of(6, 0, 1, 0, 7, 7, 0, 0, 5, 0, 2, 0, 9), 0, 13);
  assert.ok(attributes.next());
  assert.equal(attributes.value.u32(), 0);
  assert.equal(attributes.error, 'truncated');
  assert.equal(attributes.next(), false);
});

test('flags of an attribute type are passed over, and unknown attributes too', () => {
  const attributes = new AttributeReader();
  attributes.reset(Uint8Array.of(5, 0, 1, 0x80, 7, 0, 0, 0, 5, 0, 2, 0x40, 9), 0, 13);
  const seen: number[] = [];
  while (attributes.next()) seen.push(attributes.type, attributes.value.u8());
  assert.deepEqual(seen, [1, 7, 2, 9]);
  assert.equal(attributes.error, undefined);
});

test('an attribute of length 0 ends the walk instead of repeating it', () => {
  const attributes = new AttributeReader();
  attributes.reset(new Uint8Array(8), 0, 8);
  assert.equal(attributes.next(), false);
  assert.equal(attributes.error, 'bad-length');
});
