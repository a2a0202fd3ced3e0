import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCorpus, sampleOf } from './corpus.testing.ts';
import { appendProcSubscription, createProcEvent, type ProcEvent, parseProcEvent } from './procevents.ts';
import { Writer } from './writer.ts';

const samples = readCorpus('procevents');

test('golden: subscribe and unsubscribe', () => {
  const writer = Writer.growing();
  const hex = (listen: boolean) => {
    writer.clear();
    assert.ok(appendProcSubscription(writer, 9, listen));
    return Buffer.from(writer.finished()).toString('hex');
  };
  const head = '28000000 0300 0000 09000000 00000000 01000000 01000000 09000000 00000000 0400 0000'.replaceAll(' ', '');
  assert.equal(hex(true), `${head}01000000`);
  assert.equal(hex(false), `${head}02000000`);
});

function read(bytes: Uint8Array): ProcEvent {
  const event = createProcEvent();
  assert.ok(parseProcEvent(bytes, 0, bytes.length, event));
  return event;
}

test('what the kernel told of a shell, in order', () => {
  const events = samples.filter(({ name }) => /^(ack|fork|exec|exit|uid|gid|sid)$/.test(name));
  for (const { name, bytes } of events) {
    const event = read(bytes);
    assert.equal(event.what, name);
    assert.equal(event.next, bytes.length);
    if (name !== 'ack') assert.ok(event.pid > 0 && event.tgid === event.pid);
  }
  const [child, grandchild] = events.filter(({ name }) => name === 'fork').map(({ bytes }) => read(bytes));
  assert.equal(grandchild?.parentPid, child?.pid);
  const end = read(events.find(({ name }) => name === 'exit')?.bytes as Uint8Array);
  assert.deepEqual([end.pid, end.parentPid, end.first >> 8, end.second], [grandchild?.pid, child?.pid, 3, 17]);
  const uid = read(sampleOf(samples, 'uid'));
  assert.deepEqual([uid.first, uid.second], [1000, 1000]);
});

test('a process that is traced, renamed, dumped, or does what we do not know', () => {
  const { what, pid, tgid, parentPid } = read(sampleOf(samples, 'ptrace'));
  assert.deepEqual([what, pid, tgid, parentPid], ['ptrace', 10, 10, 20]);
  assert.deepEqual([read(sampleOf(samples, 'comm with control characters')).what], ['comm']);
  assert.equal(read(sampleOf(samples, 'coredump')).parentPid, 1);
  assert.equal(read(sampleOf(samples, 'event of an unknown kind')).what, 'other');
});

test('the parent of the event before does not stay', () => {
  const event = read(sampleOf(samples, 'coredump'));
  const bytes = sampleOf(samples, 'uid');
  assert.ok(parseProcEvent(bytes, 0, bytes.length, event));
  assert.deepEqual(event, read(bytes));
});

test('what is no event is none', () => {
  for (const name of ['another connector', 'event that ends after its kind', 'not NLMSG_DONE']) {
    const bytes = sampleOf(samples, name);
    assert.equal(parseProcEvent(bytes, 0, bytes.length, createProcEvent()), false, name);
  }
});
