// One of the two processes: started, started again when it ends by itself, stopped when asked.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type StatusLine, statusLines } from './statusline.ts';

/** Milliseconds before the next start: at once the first time, later with patience. */
const waits = [0, 100, 500, 1000, 2000, 5000] as const;
/** A child that has lived this long begins the row of waits anew. */
const steadyMs = 10_000;
const stopMs = 5000;

export interface ChildPlan {
  readonly title: string;
  /** Called for each start, since what is inherited may have changed. */
  command(): { readonly file: string; readonly args: readonly string[]; readonly fds: readonly number[] };
  readonly uid?: number;
  readonly gid?: number;
  /** Where Node keeps what it compiled for the next start. */
  readonly codeFolder?: string | undefined;
  /** What it is told at each start, on its standard input. */
  readonly greeting?: () => string;
  /** A line that the child wrote on its descriptor 3. */
  onLine(line: StatusLine): void;
  onStart(pid: number): void;
  /** The child has ended and will be started again. */
  onLost(how: string): void;
}

export class Child {
  readonly #plan: ChildPlan;
  #process: ChildProcess | undefined;
  #failures = 0;
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: ChildPlan) {
    this.#plan = plan;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  #start(): void {
    const { file, args, fds } = this.#plan.command();
    const started = Date.now();
    const child = spawn(file, args, {
      // The child holds the other end of its standard input: it reads the end of file when this process dies.
      stdio: ['pipe', 'inherit', 'inherit', 'pipe', ...fds],
      ...(this.#plan.codeFolder !== undefined && {
        env: { ...process.env, NODE_COMPILE_CACHE: this.#plan.codeFolder },
      }),
      ...(this.#plan.uid !== undefined && { uid: this.#plan.uid }),
      ...(this.#plan.gid !== undefined && { gid: this.#plan.gid }),
    });
    this.#process = child;
    child.stdin?.on('error', () => {});
    if (this.#plan.greeting !== undefined) child.stdin?.write(this.#plan.greeting());
    const told = child.stdio[3] as Readable | null;
    const hear = statusLines((line) => this.#plan.onLine(line));
    told?.setEncoding('utf8').on('data', hear);
    told?.on('error', () => {}); // the end of the child follows
    if (child.pid !== undefined) this.#plan.onStart(child.pid);
    let ended = false;
    const onEnd = (how: string) => {
      if (ended) return;
      ended = true;
      this.#process = undefined;
      if (this.#stopping) return;
      if (Date.now() - started > steadyMs) this.#failures = 0;
      const wait = waits[Math.min(this.#failures, waits.length - 1)];
      this.#failures += 1;
      this.#plan.onLost(how);
      this.#timer = setTimeout(() => this.#start(), wait);
    };
    child.on('error', (error) => onEnd(error.message));
    child.on('exit', (code, signal) => onEnd(signal === null ? `exit code ${code}` : `signal ${signal}`));
  }

  /** One line on its standard input. */
  tell(line: string): void {
    this.#process?.stdin?.write(line);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** SIGTERM, and SIGKILL for one that has not ended after five seconds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }
}
