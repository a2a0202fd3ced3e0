// Calls that could not wait: the engine sees them as packets, the kernel's queue never does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowCache, Lesson } from '#kernel/bpf/flows/flowcache.ts';
import { flowKey, packetSocket } from '#model/flow.ts';
import { UnheldCalls } from './unheld.ts';

const caller = new Uint8Array([1, 2, 3]);
const call = { flow: packetSocket, key: flowKey(packetSocket), mark: 0, caller };

function calls() {
  const taught: [Lesson, number][] = [];
  const cache = { generation: 7, teach: (lesson: Lesson, generation: number) => taught.push([lesson, generation]) };
  return { taught, unheld: new UnheldCalls(cache as unknown as FlowCache) };
}

test('what is accepted holds for the next call of the same process, once', () => {
  const { taught, unheld } = calls();
  const packet = unheld.enter(call);
  assert.deepEqual(unheld.judged([packet], 'accept', 3), []);
  assert.deepEqual(unheld.judged([packet], 'accept', 3), []);
  assert.equal(taught.length, 1);
  const [lesson, generation] = taught[0] ?? [];
  assert.equal(generation, 7);
  assert.ok(lesson?.caller === caller && lesson.flow === packetSocket && lesson.mask.process && lesson.mask.uid);
  assert.deepEqual([lesson.decision.action, lesson.decision.revision], ['allow', 3]);
});

test('what is refused teaches nothing, and is no verdict for the queue', () => {
  const { taught, unheld } = calls();
  const ours = unheld.enter(call);
  const queued = { id: 2 ** 32 - 1, mark: 5 };
  assert.deepEqual(unheld.judged([ours, queued], 'reject', 3), [queued]);
  assert.deepEqual(unheld.judged([ours], 'accept', 3), []);
  assert.deepEqual(taught, []);
});

test('packets of the queue go their way', () => {
  const { taught, unheld } = calls();
  const queued = [{ id: 1, mark: 0 }];
  assert.equal(unheld.judged(queued, 'accept', 3), queued);
  assert.deepEqual(taught, []);
});
