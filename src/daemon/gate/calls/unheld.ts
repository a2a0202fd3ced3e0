// Calls that could not wait for an answer, as the engine sees them: packets of which no queue knows. What it says of one holds
// for the next call of the same process.
import type { Caller, QueuedPacket, Verdict } from '#engine/types.ts';
import type { FlowCache } from '#kernel/bpf/flows/flowcache.ts';
import type { FlowMask } from '#policy/cache/mask.ts';

/** Above all ids that the kernel gives, which have 32 bits. */
const firstId = 2 ** 32;

/** The process with the ids that it had, whatever the rules look at. */
const sameCaller: FlowMask = {
  executable: false,
  process: true,
  uid: true,
  gid: true,
  cgroup: true,
  protocol: false,
  port: false,
  local: false,
  loopback: false,
  remoteBits: 0,
  names: false,
};

type Numbered = Pick<QueuedPacket, 'id' | 'mark'>;

export class UnheldCalls {
  readonly #cache: FlowCache | undefined;
  readonly #waiting = new Map<number, QueuedPacket & { readonly caller: Caller }>();
  #next = firstId;

  constructor(cache: FlowCache | undefined) {
    this.#cache = cache;
  }

  /** The call as a packet of the engine's. It forgets no packet, so that this has its bounds. */
  enter(call: Omit<QueuedPacket, 'id'>): QueuedPacket {
    const packet = { ...call, id: this.#next++ };
    if (packet.caller !== undefined) this.#waiting.set(packet.id, { ...packet, caller: packet.caller });
    return packet;
  }

  /** Takes ours out of what was judged, and gives those that are the kernel's. `revision`: of the policy that stands. */
  judged(packets: readonly Numbered[], verdict: Verdict, revision: number): readonly Numbered[] {
    if (packets.every(({ id }) => id < firstId)) return packets;
    for (const { id } of packets) {
      const call = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (call !== undefined && verdict === 'accept') this.#teach(call, revision);
    }
    return packets.filter(({ id }) => id < firstId);
  }

  #teach({ caller, flow }: QueuedPacket & { readonly caller: Caller }, revision: number): void {
    const decision = { action: 'allow', rule: null, by: 'mode', revision, logged: [] } as const;
    const lesson = { caller, flow, mask: sameCaller, decision, lifetimeMs: Number.POSITIVE_INFINITY };
    this.#cache?.teach(lesson, this.#cache.generation);
  }
}
