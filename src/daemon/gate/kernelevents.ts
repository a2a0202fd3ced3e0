// What the kernel's programs tell of flows, on its way to the engine: flows they decided, connections to be judged anew, ends.
import type { Attribution, Caller, CopiedPacket } from '#engine/types.ts';
import type { FlowEvent } from '#kernel/bpf/flows/kernelflows.ts';
import type { Attempt } from '#model/attempt.ts';
import type { Totals } from '#model/connection.ts';
import type { Decision } from '#model/decision.ts';
import { type Flow, flowKey } from '#model/flow.ts';

export interface KernelEventsPlan {
  copy(packet: CopiedPacket): void;
  /** The socket of the flow with this key is closed. */
  ended(key: string, totals: Totals): void;
  attribute(
    flow: Flow,
    sender: { uid: undefined; gid: undefined; caller: Caller },
    done: (found: Attribution) => void,
  ): void;
  /** undefined while there is no policy. */
  decide(attempt: Attempt): Decision | undefined;
  /** Cuts a connection that stands. */
  cut(flow: Flow, action: 'reject' | 'drop'): void;
}

export class KernelEvents {
  readonly #plan: KernelEventsPlan;

  constructor(plan: KernelEventsPlan) {
    this.#plan = plan;
  }

  handle(event: FlowEvent): void {
    if (event.type === 'end') {
      this.#plan.ended(flowKey(event.flow), event.totals);
      return;
    }
    const { flow, caller, verdict, by } = event;
    if (event.type === 'void') this.#judgeAnew(flow, caller);
    else if (verdict !== undefined) this.#decided(flow, caller, by?.rule, verdict);
  }

  #decided(flow: Flow, caller: Caller, rule: string | null | undefined, action: 'allow' | 'reject' | 'drop'): void {
    const opens = flow.protocol === 'tcp';
    const ids = { uid: undefined, gid: undefined };
    this.#plan.copy({
      ...{ flow, key: flowKey(flow), ...ids, caller, mark: 0, opens },
      decided: { rule, action, counted: true },
    });
  }

  /** A connection whose verdict is void: of an older policy, or its program was exchanged by exec. */
  #judgeAnew(flow: Flow, caller: Caller): void {
    this.#plan.attribute(flow, { uid: undefined, gid: undefined, caller }, ({ process }) => {
      const decision = this.#plan.decide({ process, flow, names: [] });
      if (decision === undefined || (decision.action !== 'reject' && decision.action !== 'drop')) return;
      this.#plan.cut(flow, decision.action);
      const { rule, action } = decision;
      this.#plan.copy({
        ...{ flow, key: flowKey(flow), uid: undefined, gid: undefined, caller, mark: 0 },
        decided: { rule, action },
      });
    });
  }
}
