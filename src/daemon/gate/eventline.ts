// Events of flows stand in line until the packets that were read with them have their verdict: a record can wait, a program
// that connects cannot. A packet of a flow that stands in line is judged after it, since the same ports may be another connection by then.
import type { FlowEvent } from '#kernel/bpf/flows/kernelflows.ts';
import { flowKey } from '#model/flow.ts';

/** More than these do not wait. */
const maxWaiting = 4096;

export class EventLine {
  readonly #handle: (event: FlowEvent, key: string) => void;
  readonly #events = new Map<string, FlowEvent[]>();
  #waiting = 0;
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
    this.#waiting += 1;
    if (this.#waiting >= maxWaiting) this.flush();
    else this.#soon ??= setImmediate(() => this.flush());
  }

  /** A packet of this flow comes next. */
  before(key: string): void {
    if (this.#waiting === 0) return;
    const events = this.#events.get(key);
    if (events === undefined) return;
    this.#events.delete(key);
    this.#waiting -= events.length;
    for (const event of events) this.#handle(event, key);
  }

  flush(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    for (const key of [...this.#events.keys()]) this.before(key);
  }
}
