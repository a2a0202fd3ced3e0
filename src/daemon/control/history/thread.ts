// The thread of the history as the control plane asks it: begun when somebody asks, ended when nobody did for a while.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fail, type Result } from '#std/result.ts';
import type { AskName, Asks, FromThread, ToThread } from './messages.ts';

/** The columns of a million connections take some 200 MB with what reading them needs, so that they are not kept for nobody. */
const idleMs = 120_000;
/** Of objects: the texts that connections have, each once. The columns themselves are outside of it. */
const maxHeapMb = 512;
/** Questions that wait; beyond, they are refused. */
const maxWaiting = 64;

export class HistoryThread {
  readonly #file: string;
  readonly #idleMs: number;
  #worker: Worker | undefined;
  #id = 0;
  readonly #waiting = new Map<number, (result: Result<unknown>) => void>();
  #idle: NodeJS.Timeout | undefined;

  /** `file`: of the journal, which is there. */
  constructor(file: string, idle = idleMs) {
    this.#file = file;
    this.#idleMs = idle;
  }

  #begin(): Worker {
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'), {
      workerData: { file: this.#file },
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    });
    worker.unref();
    worker.on('message', ({ id, result }: FromThread) => this.#settle(id, result));
    worker.on('error', ({ message }) => this.#ended(worker, message));
    worker.on('exit', () => this.#ended(worker, 'its thread ended'));
    return worker;
  }

  #settle(id: number, result: Result<unknown>): void {
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), this.#idleMs).unref();
  }

  #ended(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, fail(`The journal could not be counted: ${why}.`));
  }

  /** What was written before this is seen. `signal`: the asker went away. */
  ask<Name extends AskName>(
    type: Name,
    ask: Asks[Name]['ask'],
    signal?: AbortSignal,
  ): Promise<Result<Asks[Name]['answer']>> {
    if (this.#waiting.size >= maxWaiting) return Promise.resolve(fail('Too much is asked of the journal at once.'));
    this.#worker ??= this.#begin();
    const worker = this.#worker;
    this.#id += 1;
    const id = this.#id;
    clearTimeout(this.#idle);
    worker.postMessage({ type, id, ask } as ToThread);
    signal?.addEventListener('abort', () => worker.postMessage({ type: 'cancel', id } satisfies ToThread), {
      once: true,
    });
    return new Promise((resolve) => this.#waiting.set(id, resolve as (result: Result<unknown>) => void));
  }

  /** Connections left the journal; undefined: it is another file now. */
  forget(sequences: readonly number[] | undefined): void {
    if (sequences === undefined) this.close();
    else this.#worker?.postMessage({ type: 'gone', sequences } satisfies ToThread);
  }

  close(): void {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#ended(worker, 'the journal was closed');
    void worker.terminate();
  }
}
