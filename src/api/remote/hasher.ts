// One password is looked at at a time, because each takes 64 MiB and a processor; who is known goes before strangers.

/** Beyond these who comes is told to come again. */
const maxWaiting = 8;

export class Hasher {
  readonly #waiting: { readonly known: (() => void)[]; readonly strangers: (() => void)[] } = {
    known: [],
    strangers: [],
  };
  #busy = false;

  hasRoom(known: boolean): boolean {
    return (known ? this.#waiting.known : this.#waiting.strangers).length < maxWaiting;
  }

  async run<T>(known: boolean, work: () => Promise<T>): Promise<T> {
    if (this.#busy) {
      await new Promise<void>((resolve) => (known ? this.#waiting.known : this.#waiting.strangers).push(resolve));
    }
    this.#busy = true;
    try {
      return await work();
    } finally {
      const next = this.#waiting.known.shift() ?? this.#waiting.strangers.shift();
      // Whoever waits takes it over: it is never free in between.
      if (next === undefined) this.#busy = false;
      else next();
    }
  }
}
