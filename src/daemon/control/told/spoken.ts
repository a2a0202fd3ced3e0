// What whoever started Postern in the foreground reads of connections.
import type { Connection } from '#model/connection.ts';

const quietSeconds = 60;

interface SpokenParts {
  /** A line for whoever reads along. */
  readonly say: (line: string) => void;
  readonly describe: (connection: Connection) => string;
}

export class Spoken {
  readonly #parts: SpokenParts;
  readonly #said = new Set<string>();

  constructor(parts: SpokenParts) {
    this.#parts = parts;
  }

  /** Each new connection once; not again the same words within a minute, and nothing of an end later than that. */
  connection(connection: Connection): void {
    const { time, heldMs, end } = connection;
    if (end !== undefined && end.time > time + heldMs + quietSeconds * 1000) return;
    const words = this.#parts.describe(connection);
    if (this.#said.has(words)) return;
    this.#said.add(words);
    setTimeout(() => this.#said.delete(words), quietSeconds * 1000).unref();
    this.#parts.say(`${new Date(connection.time).toTimeString().slice(0, 8)} ${words}`);
  }
}
