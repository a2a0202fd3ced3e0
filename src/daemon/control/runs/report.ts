// What a command tried: its connections and questions, those that agree as one line.
import type { AttemptJson } from '#model/attempt.ts';
import type { Connection } from '#model/connection.ts';
import type { RunLine, RunQuestion, RunService } from '#model/run/run.ts';
import { programName } from '#model/sentence.ts';
import type { Observed } from '#policy/index.ts';

/** Lines, questions and connections that are told apart, each. */
const maxLines = 2000;
const maxConnections = 20_000;

/** A line, and an attempt that stands for it. */
interface Line extends Mutable<RunLine> {
  readonly attempt: AttemptJson;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class RunRecord {
  readonly #lines = new Map<string, Line>();
  readonly #questions = new Map<string, Mutable<RunQuestion>>();
  readonly #services = new Map<string, Mutable<RunService>>();
  /** Under which line each connection stands, and with how many bytes: it may be told again, by another decision and at its end. */
  readonly #seen = new Map<string, { readonly line: Line; bytesOut: number; bytesIn: number }>();
  leftOut = 0;

  get lines(): readonly RunLine[] {
    return this.#used().map(({ attempt: _, ...line }) => line);
  }

  /** What was allowed, for rules that allow it again. */
  get allowed(): readonly Observed[] {
    const lines = this.#used().filter(({ action }) => action === 'allow');
    return lines.map(({ attempt, times, first, last }) => ({ attempt, times, first, last, user: null }));
  }

  #used(): readonly Line[] {
    return [...this.#lines.values()].filter(({ times }) => times > 0).sort((a, b) => a.first - b.first);
  }

  get questions(): readonly RunQuestion[] {
    return [...this.#questions.values()];
  }

  get services(): readonly RunService[] {
    return [...this.#services.values()].sort((a, b) => a.first - b.first);
  }

  service(told: RunService): void {
    const { times, first: _, last, ...facts } = told;
    const key = JSON.stringify(facts);
    const known = this.#services.get(key);
    if (known !== undefined) Object.assign(known, { times: known.times + times, last });
    else if (this.#services.size >= maxLines) this.leftOut += times;
    else this.#services.set(key, { ...told });
  }

  connection(connection: Connection): void {
    const before = this.#seen.get(connection.id);
    const line = this.#lineOf(connection);
    if (line === undefined) return;
    if (before !== undefined && before.line !== line) {
      before.line.times -= 1;
      before.line.bytesOut -= before.bytesOut;
      before.line.bytesIn -= before.bytesIn;
    }
    const known = before?.line === line ? before : { line, bytesOut: 0, bytesIn: 0 };
    if (known !== before) {
      line.times += 1;
      if (before === undefined && this.#seen.size >= maxConnections) this.#forget();
    }
    const { bytesOut = 0, bytesIn = 0 } = connection.end ?? {};
    line.bytesOut += bytesOut - known.bytesOut;
    line.bytesIn += bytesIn - known.bytesIn;
    line.first = Math.min(line.first, connection.time);
    line.last = Math.max(line.last, connection.lastTime);
    this.#seen.set(connection.id, Object.assign(known, { bytesOut, bytesIn }));
  }

  /** The oldest is not told apart any more, should it be told again. */
  #forget(): void {
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }

  #lineOf({ attempt, action, rule, time }: Connection): Line | undefined {
    if (action === 'ask') return undefined;
    const { flow } = attempt;
    const incoming = flow.direction === 'in';
    const facts = {
      action,
      rule,
      app: programName(attempt),
      direction: flow.direction ?? 'out',
      protocol: flow.protocol,
      to: attempt.names?.[0]?.name ?? flow.remote.address,
      address: flow.remote.address,
      port: (incoming ? flow.local?.port : flow.remote.port) ?? 0,
    };
    const key = JSON.stringify(facts);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    if (this.#lines.size >= maxLines) {
      this.leftOut += 1;
      return undefined;
    }
    const line = { ...facts, attempt, times: 0, bytesOut: 0, bytesIn: 0, first: time, last: time };
    this.#lines.set(key, line);
    return line;
  }

  question({ name, type }: Pick<RunQuestion, 'name' | 'type'>, refused: string | null): void {
    const key = JSON.stringify([name, type, refused]);
    const known = this.#questions.get(key);
    if (known !== undefined) known.times += 1;
    else if (this.#questions.size >= maxLines) this.leftOut += 1;
    else this.#questions.set(key, { name, type, refused, times: 1 });
  }
}
