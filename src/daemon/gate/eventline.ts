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

  /**
   * A packet of this flow comes next. `goesOn`: one of a connection that stood when it was sent, so that the connection's end
   * comes after it: a program sends and closes at once.
   */
  before(key: string, goesOn = false): void {
    const events = this.#events.get(key);
    if (events === undefined) return;
    const end = goesOn ? events.findIndex(({ type }) => type === 'end') : -1;
    const first = end < 0 ? events : events.slice(0, end);
    if (end < 0) this.#events.delete(key);
    else this.#events.set(key, events.slice(end));
    for (const event of first) this.#handle(event, key);
  }

  /** Hands out what waits now; what is added meanwhile waits for the next turn. */
  flush(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    for (const key of [...this.#events.keys()]) this.before(key);
  }
}
