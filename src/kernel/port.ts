// The kernel as the gate sees it: packets and copies come out, verdicts and tables go in. `kernel/fake/` implements it too.
import type { CopiedPacket, QueuedPacket, Verdict, VerdictKind } from '#engine/types.ts';
import type { Flow } from '#model/flow.ts';
import type { FailMode, Mode } from '#model/mode.ts';
import type { Counters } from '#model/status.ts';
import type { Result } from '#std/result.ts';
import type { ConfinedCgroup } from './nft/confined.ts';

/** What shall stand in the kernel. `off` takes our table away; `observe` only copies, and uses no other field. */
export interface KernelPlan {
  readonly mode: Mode;
  readonly failMode: FailMode;
  /** Whether forwarded flows are queued. */
  readonly forward: boolean;
  /** Lines of nft for the rules that the kernel decides by itself, by hook. */
  readonly kernelRules: Readonly<Record<'output' | 'input' | 'forward', readonly string[]>>;
  /** Whether what flows say first may be listened to. */
  readonly listens?: boolean;
  /** Cgroups whose programs are confined. */
  readonly confined?: readonly ConfinedCgroup[];
  /** Which rule a copy made by one of those lines speaks of: the lines name the revision and the index. */
  readonly copied?: {
    readonly revision: number;
    readonly rules: readonly { readonly rule: string; readonly action: 'allow' | 'reject' | 'drop' }[];
  };
}

/** The counters of model/status.ts that the adapter knows and nobody else. */
export type KernelCounters = Pick<
  Counters,
  | 'packets'
  | 'accepted'
  | 'rejected'
  | 'dropped'
  | 'copies'
  | 'malformed'
  | 'badMessages'
  | 'heldLost'
  | 'queueFull'
  | 'queueUserDropped'
  | 'noBuffers'
  | 'rateLimited'
  | 'kernelRefused'
>;

export interface KernelPort {
  /** One listener each, set before the first `applyRules`; copies that wait are delivered before queued packets. */
  onPacket(listener: (packet: QueuedPacket) => void): void;
  onCopy(listener: (packet: CopiedPacket) => void): void;
  /** Buffers one verdict for each packet; the kernel hears of it at the next `flush`. */
  verdict(
    packets: readonly { readonly id: number; readonly mark: number }[],
    verdict: Verdict,
    flow: Flow,
    kind?: VerdictKind,
  ): void;
  flush(): void;
  /** Takes the allowed bit from the flow's conntrack entry; destroys the socket too when the action is a refusal. */
  revoke(flow: Flow, action: 'reject' | 'drop' | 'ask'): void;
  /** Revokes each flow that carries our allowed bit and whose key `isAllowed` does not know; returns how many. */
  revokeUnless(isAllowed: (key: string) => boolean): number;
  /** One transaction: the table stands as planned and the remembered refusals are forgotten, or nothing has changed. */
  applyRules(plan: KernelPlan): Promise<Result<void>>;
  /** The engine follows the plan: where it enforces nothing the queue ends, and what was held has its verdict by now. */
  followed(): void;
  counters(): KernelCounters;
  /** Takes everything away again. Packets still held are lost: stop the engine and flush first. */
  close(): Promise<void>;
}
