// Facts about a program that take time: its hash and its package. Found on another thread, remembered by the file's identity.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FileIdentity, Image, Process } from '#model/process.ts';
import { Lru } from '#std/lru.ts';
import type { HashFound } from './hash.ts';
import { databaseTime, type Owner } from './packages.ts';
import type { FactsRequest } from './worker.ts';

const remembered = 4096;
const maxWaiting = 1024;

const keyOf = ({ device, inode, ctime }: FileIdentity) => `${device}:${inode}:${ctime}`;

type Reply = { readonly id: number; readonly value?: unknown; readonly error?: string };

export class Facts {
  readonly #hashes = new Lru<string, string>(remembered);
  readonly #packages = new Lru<string, Owner | 'none'>(remembered);
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  /** One search for many askers. */
  readonly #running = new Map<string, Promise<unknown>>();
  #packagesTime = 0;
  /** What was put in last, while nothing more was found since. */
  readonly #known = new WeakMap<Process, { readonly process: Process; readonly found: number }>();
  #found = 0;
  #worker: Worker | undefined;
  #ids = 0;

  /** What is known without waiting, put into the process. */
  known(process: Process): Process {
    const { image } = process;
    if (image === undefined) return process;
    const known = this.#known.get(process);
    if (known?.found === this.#found) return known.process;
    const whole = this.#putIn(process, image);
    this.#known.set(process, { process: whole, found: this.#found });
    return whole;
  }

  #putIn(process: Process, image: Image): Process {
    const sha256 = this.#hashes.get(keyOf(image.identity));
    const owner = typeof process.exe === 'string' ? this.#packages.get(process.exe) : 'none';
    return {
      ...process,
      ...(sha256 !== undefined && { sha256 }),
      ...(owner === 'none' && { package: null }),
      ...(typeof owner === 'object' && { package: owner.name, packageVersion: owner.version }),
    };
  }

  /** SHA-256 of the program that this process runs, read through /proc; undefined when it cannot be had. */
  async hash(process: Process): Promise<string | undefined> {
    const { image, pid } = process;
    if (image === undefined || pid === undefined) return undefined;
    const key = keyOf(image.identity);
    const known = this.#hashes.get(key);
    if (known !== undefined) return known;
    return this.#once(`hash ${key}`, async () => {
      // Where the process has ended, or runs another program by now, the file may still be where it was.
      const places = [`/proc/${pid}/exe`, ...(image.state === 'host' ? [image.path] : [])];
      for (const path of places) {
        const found = (await this.#ask({ what: 'hash', path, uid: process.uid ?? 0 })) as HashFound | undefined;
        if (found?.file !== key) continue;
        this.#hashes.set(key, found.sha256);
        this.#found += 1;
        return found.sha256;
      }
      return undefined;
    });
  }

  /** The package of the program; nothing to find for a file the host does not have. */
  async package(process: Process): Promise<void> {
    const { exe } = process;
    if (typeof exe !== 'string') return;
    const time = databaseTime();
    if (time !== this.#packagesTime) {
      this.#packages.clear();
      this.#packagesTime = time;
      this.#found += 1;
    }
    if (this.#packages.get(exe) !== undefined) return;
    await this.#once(`package ${exe}`, async () => {
      const owner = (await this.#ask({ what: 'package', path: exe, uid: 0 })) as Owner | null | undefined;
      if (owner === undefined) return;
      this.#packages.set(exe, owner ?? 'none');
      this.#found += 1;
    });
  }

  #once<T>(key: string, run: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running !== undefined) return running as Promise<T>;
    const promise = run().finally(() => this.#running.delete(key));
    this.#running.set(key, promise);
    return promise;
  }

  async #ask(request: Omit<FactsRequest, 'id'>): Promise<unknown> {
    const reply = await this.#send(request);
    return reply.error === undefined ? reply.value : undefined;
  }

  #send(request: Omit<FactsRequest, 'id'>): Promise<Reply> {
    if (this.#waiting.size >= maxWaiting) return Promise.resolve({ id: 0, error: 'too many programs wait to be read' });
    const id = ++this.#ids;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#thread().postMessage({ ...request, id });
    });
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'));
    worker.unref();
    worker.on('message', (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    worker.on('error', (error: Error) => {
      this.#worker = undefined;
      for (const [id, resolve] of this.#waiting) resolve({ id, error: error.message });
      this.#waiting.clear();
    });
    this.#worker = worker;
    return worker;
  }

  close(): void {
    void this.#worker?.terminate();
  }
}
