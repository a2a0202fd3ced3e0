// Whatever bytes come: no codec throws, none reads outside its window, and each goes forward.
// POSTERN_FUZZ_INPUTS sets how many mutated inputs are tried in all.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { formatEndpoint } from '#model/flow.ts';
import { CONNTRACK_ENTRY, parseConntrackEntry } from './conntrack.ts';
import { readCorpus } from './corpus.testing.ts';
import { entryOfFlow, flowFromPacket, flowOfEntry, socketOfFlow } from './flow.ts';
import { createPacketFields, parsePacket } from './ip.ts';
import { MessageReader, parseAcks, parseControl } from './netlink.ts';
import { createLogMessage, parseLogMessage } from './nflog.ts';
import { createQueueMessage, parseQueueMessage } from './nfqueue.ts';
import { createProcEvent, parseProcEvent } from './procevents.ts';
import { printableText } from './reader.ts';
import { parseSocketRecord } from './sockdiag.ts';

/** Reads the window with one codec and says, as text without offsets of the window, what it found. */
type Codec = (bytes: Uint8Array, start: number, end: number) => string;

function walk(start: number, end: number, step: (at: number) => number): void {
  for (let at = start; at < end; ) {
    const next = step(at);
    assert.ok(next > at && next <= end, `from ${at} to ${next}, of ${end}`);
    at = next;
  }
}

function within(start: number, length: number, windowStart: number, windowEnd: number): void {
  assert.ok(length >= 0 && start >= windowStart && start + length <= windowEnd, `${start} + ${length}`);
}

const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);

const codecs: Record<string, Codec> = {
  nfqueue(bytes, start, end) {
    const message = createQueueMessage();
    let text = '';
    walk(start, end, (at) => {
      const kind = parseQueueMessage(bytes, at, end, message);
      if (kind === 'packet') within(message.payloadStart, message.payloadLength, start, end);
      const { payloadStart, next, ...rest } = message;
      text += kind === 'packet' ? JSON.stringify(rest) : `${kind} ${message.id}`;
      return next;
    });
    return text;
  },
  nflog(bytes, start, end) {
    const message = createLogMessage();
    let text = '';
    walk(start, end, (at) => {
      const kind = parseLogMessage(bytes, at, end, message);
      if (kind === 'packet') {
        within(message.payloadStart, message.payloadLength, start, end);
        within(message.prefixStart, message.prefixLength, start, end);
        const prefix = printableText(bytes, message.prefixStart, message.prefixStart + message.prefixLength);
        assert.doesNotMatch(prefix, /\p{Cc}/u);
        const { payloadStart, prefixStart, next, ...rest } = message;
        text += prefix + JSON.stringify(rest);
      }
      text += kind;
      return message.next;
    });
    return text;
  },
  sockdiag(bytes, start, end) {
    let text = '';
    const messages = new MessageReader(bytes, start, end);
    while (messages.next()) text += JSON.stringify(parseSocketRecord(messages), plain);
    return text + messages.error;
  },
  conntrack(bytes, start, end) {
    let text = '';
    const messages = new MessageReader(bytes, start, end);
    while (messages.next()) {
      const entry = parseConntrackEntry(messages);
      text += JSON.stringify(entry);
      if (entry.ok) text += JSON.stringify(flowOfEntry(entry.value, 'in'));
    }
    return text + messages.error;
  },
  procevents(bytes, start, end) {
    const event = createProcEvent();
    let text = '';
    walk(start, end, (at) => {
      const known = parseProcEvent(bytes, at, end, event);
      const { next, ...rest } = event;
      text += known ? JSON.stringify(rest) : 'none';
      return next;
    });
    return text;
  },
  netlink(bytes, start, end) {
    let text = JSON.stringify(parseAcks(bytes.subarray(start, end)));
    const messages = new MessageReader(bytes, start, end);
    while (messages.next()) text += JSON.stringify(parseControl(messages));
    assert.doesNotMatch(text, /\p{Cc}/u);
    return text + messages.error;
  },
  packets(bytes, start, end) {
    const fields = createPacketFields();
    const problem = parsePacket(bytes, start, end, fields);
    if (problem !== undefined) return problem;
    within(fields.transport, 0, start, end);
    const { transport, ...rest } = fields;
    let text = JSON.stringify(rest);
    for (const direction of ['out', 'in', 'forward'] as const) {
      const flow = flowFromPacket(fields, direction);
      for (const at of [flow.local, flow.remote]) {
        assert.ok(at !== undefined && at.port >= 0 && at.port <= 65535);
        text += formatEndpoint(at);
      }
      text += JSON.stringify([flow, socketOfFlow(flow), entryOfFlow(flow)]);
    }
    return text;
  },
};

const lead = 5;
let tried = 0;

/** The same bytes amid two different surroundings must read alike. */
function check(codec: Codec, input: Uint8Array): void {
  const [ones, twos] = [0x01, 0xfe].map((filler) => {
    const around = new Uint8Array(input.length + 2 * lead).fill(filler);
    around.set(input, lead);
    return codec(around, lead, lead + input.length);
  });
  assert.equal(ones, twos);
  tried += 1;
}

const wanted = Number(process.env.POSTERN_FUZZ_INPUTS ?? 100_000);
const cuts = 16;
const names = Object.keys(codecs);

for (const [name, codec] of Object.entries(codecs)) {
  const samples = readCorpus(name);

  test(`${name}: every truncation of the corpus`, () => {
    for (const { bytes } of samples) {
      for (let end = 0; end <= Math.min(bytes.length, 1024); end++) check(codec, bytes.subarray(0, end));
    }
  });

  test(`${name}: mutated samples, and bytes without sense`, () => {
    const edits = fc.array(
      fc.tuple(fc.nat(2048), fc.oneof(fc.constantFrom(0, 1, 3, 4, 0x7f, 0x80, 0xff), fc.nat(255))),
      { maxLength: 6 },
    );
    const sample = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...samples.map(({ bytes }) => bytes)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 96 }) },
    );
    const property = fc.property(sample, edits, fc.nat(), (bytes, changes, cut) => {
      const input = bytes.slice(0, 600);
      for (const [at, value] of changes) if (input.length > 0) input[at % input.length] = value;
      for (let count = 0; count < cuts; count++) {
        check(codec, input.subarray(0, input.length - ((count === 0 ? 0 : cut + count * 37) % (input.length + 1))));
      }
    });
    fc.assert(property, { numRuns: Math.ceil(wanted / cuts / names.length) });
  });
}

test('the corpus has an entry, a packet or a record in each file', () => {
  const kinds = readCorpus('conntrack').map(({ bytes }) => {
    const messages = new MessageReader(bytes);
    return messages.next() && messages.type === CONNTRACK_ENTRY && parseConntrackEntry(messages).ok;
  });
  assert.ok(kinds.includes(true));
  const found = (name: string) => readCorpus(name).map(({ bytes }) => (codecs[name] as Codec)(bytes, 0, bytes.length));
  assert.ok(found('nfqueue').some((text) => text.includes('"id":1,')));
  assert.ok(found('nflog').some((text) => text.startsWith('rule: web-1')));
  assert.ok(found('sockdiag').some((text) => text.includes('"state":10')));
  assert.ok(found('packets').some((text) => text.includes('"icmpv6"')));
});

after(() => {
  // Not a test of its own: it would run before the others are done.
  if (tried < wanted) throw new Error(`only ${tried} hostile inputs were tried, not ${wanted}`);
});
