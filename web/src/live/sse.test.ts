// Events out of a stream that comes in pieces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventReader } from './sse.ts';

const event = (sequence: number) => ({ sequence, time: 5, type: 'notice', data: { text: 'a\nb: ü' } });
const block = (sequence: number) => `event: notice\ndata: ${JSON.stringify(event(sequence))}\nid: ${sequence}\n\n`;

test('events are read whatever the pieces they come in', () => {
  const stream = `: hello\n\n${block(1)}${block(2)}`;
  for (let size = 1; size <= stream.length; size += 1) {
    const reader = new EventReader();
    const found = [];
    for (let at = 0; at < stream.length; at += size) found.push(...reader.read(stream.slice(at, at + size)));
    assert.deepEqual(found, [event(1), event(2)]);
  }
});

test('what is no event yet waits for its end', () => {
  const reader = new EventReader();
  assert.deepEqual(reader.read(block(1).slice(0, -1)), []);
  assert.deepEqual(reader.read('\n'), [event(1)]);
});

test('data of several lines and lines that end in CR LF', () => {
  assert.deepEqual(new EventReader().read('data:{"sequence":\r\ndata: 1}\r\n\r\n'), [{ sequence: 1 }]);
});
