// What the kernel's programs tell of flows, on its way to the engine: flows they decided, connections to be judged anew, ends.
import type { Attribution, Caller, CopiedPacket, QueuedPacket } from '#engine/types.ts';
import { callerIds, callerKey, isKnown, isSomebody } from '#kernel/bpf/flows/callers.ts';
import type { FlowEvent } from '#kernel/bpf/flows/kernelflows.ts';
import type { Attempt } from '#model/attempt.ts';
import type { Totals } from '#model/connection.ts';
import type { Decision } from '#model/decision.ts';
import { type Flow, flowKey } from '#model/flow.ts';
import type { Process } from '#model/process.ts';
import type { Sender } from './gate.ts';

export interface KernelEventsPlan {
  copy(packet: CopiedPacket): void;
  /** The socket of the flow with this key is closed. */
  ended(key: string, totals: Totals): void;
  attribute(flow: Flow, sender: Sender, done: (found: Attribution) => void): void;
  /** undefined while there is no policy. */
  decide(attempt: Attempt): Decision | undefined;
  /** The kernel decided something: its hits are to be read. */
  decided(): void;
  /** Whether something listens where the connection ends on this machine. */
  listens(flow: Flow): boolean;
  /** This process has the socket now, and its owner has ended. Whether it is a child that runs the same program still. */
  adopt(cookie: bigint, process: Process & { readonly pid: number }): boolean;
  /** Opens the question whether such a call shall pass; this one could not wait for the answer. */
  ask(packet: Omit<QueuedPacket, 'id'>): void;
  /** Cuts a connection that stands. */
  cut(flow: Flow, action: 'reject' | 'drop'): void;
}

export class KernelEvents {
  readonly #plan: KernelEventsPlan;

  constructor(plan: KernelEventsPlan) {
    this.#plan = plan;
  }

  /** `key`: that of the event's flow. */
  handle(event: FlowEvent, key: string): void {
    if (event.type === 'end') {
      this.#plan.ended(key, event.totals);
      return;
    }
    const { flow, caller, verdict, by } = event;
    if (event.type === 'void') this.#judgeAnew(event);
    else if (event.type === 'unknown') this.#unknown(event, key);
    else if (verdict !== undefined) this.#decided(flow, key, caller, by?.rule, verdict);
  }

  #decided(
    flow: Flow,
    key: string,
    caller: Caller,
    rule: string | null | undefined,
    action: 'allow' | 'reject' | 'drop',
  ): void {
    this.#plan.copy({
      ...{ flow, key, ...senderOf(flow, caller), mark: 0, opens: flow.protocol === 'tcp' },
      decided: { rule, action, counted: true },
    });
    this.#plan.decided();
  }

  /** A call of which the kernel knew nothing: to decide it here teaches the kernel for the next one. */
  #unknown({ flow, caller, verdict }: Exclude<FlowEvent, { type: 'end' }>, of: string): void {
    const sender = senderOf(flow, caller);
    // The calls of two processes are two flows, and so are two calls of one.
    const packet = { flow, key: `${of},${callerKey(caller)}`, ...sender, mark: 0, opens: true };
    this.#plan.attribute(flow, sender, ({ process }) => {
      const decision = this.#plan.decide({ process, flow, names: [] });
      if (decision?.action === 'ask' && verdict === 'reject') this.#plan.ask(packet);
      else this.#plan.copy({ ...packet, decided: verdict === undefined ? null : { rule: null, action: verdict } });
    });
  }

  /** A connection whose verdict is void: of an older policy, or its program was exchanged by exec. */
  #judgeAnew({ flow: told, caller, cookie, otherProgram }: Exclude<FlowEvent, { type: 'end' }>): void {
    const unseen = !isKnown(caller);
    // What stood before Postern did is told as if it had been opened here.
    const accepted = unseen && !otherProgram && told.direction === 'out' && this.#plan.listens(told);
    const flow: Flow = accepted ? { ...told, direction: 'in' } : told;
    const sender = senderOf(flow, caller);
    this.#plan.attribute(flow, sender, ({ process, names = [] }) => {
      // Its owner has ended, and nobody else has it: it is being closed, and what was sent goes on its way.
      if (unseen && otherProgram && process?.kernel === true) return;
      const left = unseen && otherProgram && process?.pid !== undefined;
      const same = left && this.#plan.adopt(cookie, { ...process, pid: process.pid });
      const decision = this.#plan.decide({ process, flow, names });
      // What stands cannot be held for a question: where another program took the socket over, it is to open one of its own.
      const action = decision?.action === 'ask' && otherProgram && !same ? 'reject' : decision?.action;
      if (decision === undefined || (action !== 'reject' && action !== 'drop')) return;
      this.#plan.cut(flow, action);
      const { rule } = decision;
      this.#plan.copy({
        ...{ flow, key: flowKey(flow), ...sender, mark: 0 },
        decided: { rule, action },
      });
    });
  }
}

/** What comes in is charged to who sends it, not to the listener. */
function senderOf(flow: Flow, caller: Caller): Sender & { readonly caller: Caller } {
  return {
    uid: undefined,
    gid: undefined,
    ...(flow.direction !== 'in' && isSomebody(caller) && callerIds(caller)),
    caller,
  };
}
