// Takes our bits from conntrack entries: a flow that has none is judged anew at its next packet.
import { type Flow, flowKey } from '#model/flow.ts';
import {
  appendConntrackDump,
  appendConntrackMark,
  CONNTRACK_ENTRY,
  type ConntrackEntry,
  type EntryName,
  parseConntrackEntry,
} from '#wire/conntrack.ts';
import { entryOfFlow, flowOfEntry } from '#wire/flow.ts';
import { Writer } from '#wire/writer.ts';
import { request } from '../netlink/requests.ts';
import { NetlinkSocket, netlinkFamilies } from '../netlink/socket.ts';
import { conntrackMask, type Marks } from '../nft/marks.ts';

export class Conntrack {
  readonly #marks: Marks;
  readonly #mask: number;
  readonly #socket = new NetlinkSocket({ family: netlinkFamilies.netfilter });
  #sequence = 1;

  constructor(marks: Marks) {
    this.#marks = marks;
    this.#mask = conntrackMask(marks);
    this.#socket.setReceiveBuffer(8 * 1024 * 1024);
  }

  /** Voids what was decided of this flow. Nothing happens where it has no entry any more. */
  forget(flow: Flow): void {
    const name = entryOfFlow(flow);
    if (name !== undefined) this.#clear(name);
  }

  /** Nothing more of what the connection's program sends need be looked at. */
  heard(flow: Flow): void {
    const name = entryOfFlow(flow);
    if (name !== undefined) this.#change(name, this.#marks.heard, this.#marks.heard);
  }

  #clear(name: EntryName): void {
    this.#change(name, 0, this.#mask);
  }

  #change(name: EntryName, value: number, mask: number): void {
    const writer = Writer.growing(256);
    const sequence = this.#next();
    appendConntrackMark(writer, sequence, name, value, mask);
    request(this.#socket, writer.finished(), sequence);
  }

  #next(): number {
    this.#sequence = (this.#sequence % 0x7fffffff) + 1;
    return this.#sequence;
  }

  /** Voids every entry with a bit of ours of which a flow is not allowed any more; returns how many. */
  forgetUnless(isAllowed: (key: string) => boolean): number {
    const { out, in: incoming, forward } = this.#marks;
    const stale = new Map<number, EntryName>();
    for (const [bit, direction] of [
      [out, 'out'],
      [incoming, 'in'],
      [forward, 'forward'],
    ] as const) {
      for (const entry of this.#entries(bit)) {
        if (!isAllowed(flowKey(flowOfEntry(entry, direction)))) {
          stale.set(entry.id, { side: 'original', tuple: entry.original, id: entry.id, zone: entry.zone });
        }
      }
    }
    for (const name of stale.values()) this.#clear(name);
    return stale.size;
  }

  #entries(bit: number): ConntrackEntry[] {
    const writer = Writer.growing(64);
    const sequence = this.#next();
    appendConntrackDump(writer, sequence, bit, bit);
    const entries: ConntrackEntry[] = [];
    request(this.#socket, writer.finished(), sequence, (message) => {
      if (message.type !== CONNTRACK_ENTRY) return;
      const entry = parseConntrackEntry(message);
      if (entry.ok) entries.push(entry.value);
    });
    return entries;
  }

  close(): void {
    this.#socket.close();
  }
}
