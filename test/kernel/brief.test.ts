// Programs that exec, connect once and are over, each of a file of its own, while the machine is loaded: the queue's packets and
// the kernel's own decisions name each of them rightly.
// POSTERN_LONG=1 runs 10,000 of them: POSTERN_LONG=1 script/test test/kernel/brief.test.ts
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Caller } from '#engine/types.ts';
import { KernelBook } from '#kernel/bpf/identity/book.ts';
import { decodeOwner } from '#kernel/bpf/identity/decode.ts';
import { countSlots } from '#kernel/bpf/layout.ts';
import type { Flow } from '#model/flow.ts';
import { program } from './compiled.ts';
import { guard } from './guarded.ts';
import { far } from './pair.ts';

const count = process.env.POSTERN_LONG === '1' ? 10_000 : 500;
const firstPort = 10_000;

const guarded = await guard();
const folder = mkdtempSync('/tmp/postern-brief-');
after(() => rmSync(folder, { recursive: true, force: true }));
const brief = join(folder, 'brief');
program(join(import.meta.dirname, 'flows/brief.c'), brief);

/** Right and wrong names, by what told them. */
const told = { asked: new Set<number>(), decided: new Set<number>(), wrong: [] as string[] };

function hear(what: 'asked' | 'decided', caller: Caller | undefined, flow: Flow): void {
  const number = flow.remote.port - firstPort;
  const owner = caller && decodeOwner(new DataView(caller.buffer, caller.byteOffset, caller.byteLength), 0);
  const found = owner && book.byOwner(owner, Date.now());
  if (found?.exe === join(folder, `brief-${number}`) && found.args?.[2] === String(flow.remote.port)) {
    told[what].add(number);
  } else told.wrong.push(`${what} ${number}: ${found?.exe} ${found?.args}`);
}

const book: KernelBook = new KernelBook(guarded.pins, {
  onLost: () => told.wrong.push('events were lost'),
  onOther: (_, bytes, __, at) => {
    const event = guarded.flows.event(bytes, at);
    if (event?.type === 'decided') hear('decided', event.caller, event.flow);
  },
});
after(() => book.close());
guarded.beforeBatch = () => book.drain();
guarded.judge = (packet) => {
  // Neighbour discovery goes on beside.
  if (packet.flow.protocol !== 'tcp') return 'accept';
  hear('asked', packet.caller, packet.flow);
  if (packet.caller !== undefined) guarded.teach(packet, 'allow', { executable: true });
  return 'accept';
};

test(`${count} of ${count} programs that connect once are told rightly`, { timeout: 500_000 }, async (context) => {
  for (const _ of cpus()) {
    const busy = spawn('sh', ['-c', 'while :; do :; done']);
    context.after(() => busy.kill('SIGKILL'));
  }
  const launcher = spawn(brief, ['each', folder, far.v4, String(firstPort), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const part of launcher.stdout) said += part;
  book.drain();
  const figures = { asked: told.asked.size, decided: told.decided.size, wrong: told.wrong.slice(0, 5), said };
  assert.deepEqual(figures, { asked: count, decided: count, wrong: [], said: 'failed 0\n' });
  assert.equal(book.count(countSlots.ringFull), 0);
  context.diagnostic(`asked ${told.asked.size} of ${count}, decided in the kernel ${told.decided.size} of ${count}`);
});
