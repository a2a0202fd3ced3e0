// Events of flows stand in line until the packets that were read with them have their verdict: a record can wait, a program
// that connects cannot. A packet of a flow that stands in line is judged after it, since the same ports may be another connection by then.
import type { FlowEvent } from '#kernel/bpf/flows/kernelflows.ts';
import { flowKey } from '#model/flow.ts';

export class EventLine {
  readonly #handle: (event: FlowEvent, key: string) => void;
  readonly #events = new Map<string, FlowEvent[]>();
  #soon: NodeJS.Immediate | undefined;

  /** `handle` gets each event with the key of its flow; those of one flow in the order in which they came. */
  constructor(handle: (event: FlowEvent, key: string) => void) {
    this.#handle = handle;
  }

  add(event: FlowEvent): void {
    const key = flowKey(event.flow);
    const others = this.#events.get(key);
    if (others === undefined) this.#events.set(key, [event]);
    else others.push(event);
    // Never from here: handling an event may read more of them.
    this.#soon ??= setImmediate(() => this.flush());
  }

  /** A packet of this flow comes next. */
  before(key: string): void {
    const events = this.#events.get(key);
    if (events === undefined) return;
    this.#events.delete(key);
    for (const event of events) this.#handle(event, key);
  }

  /** Hands out what waits now; what is added meanwhile waits for the next turn. */
  flush(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    for (const key of [...this.#events.keys()]) this.before(key);
  }
}
