// The packets that wait in the kernel's queue, by flow: each leaves with exactly one verdict.
import type { FirstSaid, FirstWords } from '#wire/firstwords/firstwords.ts';
import { type HeldFlow, ownerOf } from './held.ts';
import type { Excess, Quotas } from './quotas.ts';
import type { QueuedPacket, Turn, Verdict, VerdictKind } from './types.ts';

/** The flow of a packet that begins to wait, at its first stage; not yet counted or kept. */
export function beginFlow(
  packet: Omit<QueuedPacket, 'id'>,
  slot: string,
  ticket: number,
  now: number,
  kind: Pick<HeldFlow, 'copy' | 'packets'>,
  heard?: { readonly listener: FirstWords; readonly said: FirstSaid },
  listens = false,
): HeldFlow {
  const { key, flow, uid, gid, caller, confined, opens, words } = packet;
  return {
    slot,
    key,
    flow,
    uid,
    gid,
    caller,
    confined,
    ticket,
    since: now,
    last: now,
    seen: 1,
    owner: ownerOf(flow, uid),
    copy: kind.copy,
    packets: kind.packets,
    attribution: undefined,
    app: undefined,
    asked: undefined,
    end: undefined,
    listener: heard?.listener,
    said: heard?.said,
    begun: listens && flow.protocol === 'tcp' && flow.direction === 'out' && opens === false,
    began: words?.begins === true ? words.sequence : packet.began,
  };
}

/** The key, unless another user's flow already waits under it: raw sockets of two users can send the same flow. */
export function slotIn(flows: ReadonlyMap<string, HeldFlow>, { key, uid, gid }: Omit<QueuedPacket, 'id'>): string {
  const other = flows.get(key);
  if (other === undefined || (other.uid === uid && other.gid === gid)) return key;
  return `${key} ${uid ?? ''} ${gid ?? ''}`;
}

export class Holding {
  readonly flows = new Map<string, HeldFlow>();
  readonly #ids = new Set<number>();
  readonly #quotas: Quotas;

  constructor(quotas: Quotas) {
    this.#quotas = quotas;
  }

  /** Packets held now. */
  get size(): number {
    return this.#ids.size;
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }

  keep(flow: HeldFlow): void {
    this.flows.set(flow.slot, flow);
    for (const { id } of flow.packets) this.#ids.add(id);
  }

  /** One more packet of a flow that waits. False: there is no room, so that it got its verdict at once. */
  join(turn: Turn, flow: HeldFlow, packet: QueuedPacket): boolean {
    flow.seen += 1;
    flow.last = turn.now;
    const excess = this.#quotas.excessPacket(flow);
    if (excess !== undefined) {
      this.lose(turn, packet, excess);
      return false;
    }
    this.#quotas.addPacket(flow);
    const { id, mark } = packet;
    flow.packets.push({ id, mark });
    this.#ids.add(id);
    return true;
  }

  /** Only this packet finds no room; a connection sends it again. */
  lose({ out }: Turn, { id, mark, flow }: QueuedPacket, reason: Excess): void {
    out.push({ type: 'verdict', verdict: 'drop', flow, packets: [{ id, mark }], passing: true });
    out.push({ type: 'count', reason });
  }

  /** The verdict for all its packets. */
  release({ out }: Turn, flow: HeldFlow, verdict: Verdict, how: VerdictKind = {}): void {
    const { packets } = flow;
    flow.packets = [];
    this.flows.delete(flow.slot);
    for (const { id } of packets) this.#ids.delete(id);
    if (packets.length > 0) out.push({ type: 'verdict', verdict, flow: flow.flow, packets, ...how });
  }
}
