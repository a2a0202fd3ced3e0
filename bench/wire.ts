// What a queued packet costs in the codecs: its message and headers read, and its verdict appended. Prints nanoseconds and bytes allocated a packet.
import { readCorpus } from '../src/wire/corpus.testing.ts';
import { directionOfHook, flowFromPacket } from '../src/wire/flow.ts';
import { createPacketFields, parsePacket } from '../src/wire/ip.ts';
import { appendVerdict, createQueueMessage, NF_ACCEPT, parseQueueMessage } from '../src/wire/nfqueue.ts';
import { Writer } from '../src/wire/writer.ts';

const slotBytes = 1024;
const batch = 64;
const rounds = 20_000;

const datagrams = readCorpus('nfqueue').filter(({ name }) => name === 'nfq');
const arena = Buffer.alloc(batch * slotBytes);
const lengths = new Array<number>(batch);
for (let slot = 0; slot < batch; slot++) {
  const { bytes } = datagrams[slot % datagrams.length] as { bytes: Uint8Array };
  arena.set(bytes, slot * slotBytes);
  lengths[slot] = bytes.length;
}
const message = createQueueMessage();
const fields = createPacketFields();
const verdicts = Writer.over(new Uint8Array(65536));
let sum = 0;

function readBatch(withFlow: boolean): void {
  verdicts.clear();
  for (let slot = 0; slot < batch; slot++) {
    const start = slot * slotBytes;
    if (parseQueueMessage(arena, start, start + (lengths[slot] as number), message) !== 'packet')
      throw new Error('not a packet');
    const end = message.payloadStart + message.payloadLength;
    if (parsePacket(arena, message.payloadStart, end, fields) !== undefined) throw new Error('not an IP packet');
    sum += fields.destinationPort + (fields.destination[3] as number);
    if (withFlow) sum += flowFromPacket(fields, directionOfHook(message.hook) ?? 'out', 'lo').remote.port;
    if (!appendVerdict(verdicts, 77, message.id, NF_ACCEPT, undefined)) throw new Error('the arena is full');
  }
}

function measure(what: string, withFlow: boolean): void {
  for (let round = 0; round < 2000; round++) readBatch(withFlow);
  const best = { nanoseconds: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
  for (let run = 0; run < 5; run++) {
    const heap = process.memoryUsage().heapUsed;
    const start = process.hrtime.bigint();
    for (let round = 0; round < rounds; round++) readBatch(withFlow);
    const packets = rounds * batch;
    best.nanoseconds = Math.min(best.nanoseconds, Number(process.hrtime.bigint() - start) / packets);
    // A collection in between makes the difference negative; then nothing can be said.
    const bytes = (process.memoryUsage().heapUsed - heap) / packets;
    if (bytes >= 0) best.bytes = Math.min(best.bytes, bytes);
  }
  const bytes = Number.isFinite(best.bytes) ? best.bytes.toFixed(2) : 'more than a young generation of';
  console.log(`${what}: ${best.nanoseconds.toFixed(0)} ns and ${bytes} bytes a packet`);
}

measure('message, headers and verdict', false);
measure('the same, with a Flow', true);
if (sum === 0) throw new Error('nothing was read');
