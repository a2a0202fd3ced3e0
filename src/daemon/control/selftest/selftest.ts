// Proves that blocking works: tries a connection that a rule refuses and one that a rule allows, both to this process itself.
import { readFileSync, realpathSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import type { Attempt } from '#model/attempt.ts';
import type { Mode } from '#model/mode.ts';
import { type Address, parseAddress } from '#model/net/address.ts';
import { protocolNumbers } from '#model/net/protocol.ts';
import { type SelfTestView, selfTestAddresses } from '#model/shown/selftest.ts';
import type { Policy } from '#policy/index.ts';
import { coalesce } from '#std/coalesce.ts';

/** What is dropped is waited for so long. */
const waitMs = 3000;

export interface SelfTestParts {
  readonly policy: () => Policy;
  readonly mode: () => Mode;
  readonly now: () => number;
  /** Instead of a real connection, for tests: undefined where it was made, else why not. */
  readonly connect?: (address: string) => Promise<string | undefined>;
}

export class SelfTest {
  readonly #parts: SelfTestParts;
  /** The last one; null before the first. */
  last: SelfTestView | null = null;

  constructor(parts: SelfTestParts) {
    this.#parts = parts;
  }

  /** Who asks while one goes on gets its result. */
  readonly run = coalesce(async (): Promise<SelfTestView> => {
    const found = await this.#try();
    this.last = { time: this.#parts.now(), refusedMs: null, ...found };
    return this.last;
  });

  async #try(): Promise<Omit<SelfTestView, 'time' | 'refusedMs'> & { readonly refusedMs?: number }> {
    const mode = this.#parts.mode();
    if (mode === 'off' || mode === 'observe') {
      return { result: 'not-enforced', text: `The mode is ${mode}: nothing is enforced, so there is nothing to try.` };
    }
    for (const [wanted, address] of Object.entries(selfTestAddresses)) {
      const { action, rule } = this.#parts.policy().decide(ownAttempt(address), this.#parts.now());
      if ((action === 'allow') === (wanted === 'allowed')) continue;
      const by = rule === null ? 'the mode' : `the rule "${rule}"`;
      const text = `By ${by}, ${address} would be ${action === 'allow' ? 'allowed' : 'refused'}, so the self-test could show nothing.`;
      return { result: 'overruled', text };
    }
    const begun = performance.now();
    const refused = await this.#connect(selfTestAddresses.refused);
    const refusedMs = performance.now() - begun;
    const allowed = await this.#connect(selfTestAddresses.allowed);
    const to = `to ${selfTestAddresses.refused}`;
    if (refused === undefined) {
      return {
        result: 'failed',
        text: `A connection ${to}, which a rule refuses, was made: nothing is being blocked.`,
      };
    }
    if (allowed !== undefined) {
      const text = `A connection to ${selfTestAddresses.allowed}, which a rule allows, was not made (${allowed}), so that it is not known what refused the one ${to}.`;
      return { result: 'failed', text, refusedMs };
    }
    const text = `A connection that a rule refuses failed (${refused}), and one that a rule allows was made.`;
    return { result: 'held', text, refusedMs };
  }

  /** Undefined where the connection was made, else why not. */
  async #connect(address: string): Promise<string | undefined> {
    if (this.#parts.connect !== undefined) return this.#parts.connect(address);
    let server: Server;
    try {
      server = await listen(address);
    } catch (error) {
      return `nobody can listen there: ${(error as NodeJS.ErrnoException).code ?? error}`;
    }
    try {
      const bound = server.address();
      return await reach(address, typeof bound === 'object' && bound !== null ? bound.port : 0);
    } finally {
      server.close();
    }
  }
}

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(0, address, () => resolve(server));
  });
}

function reach(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = new Socket();
    const done = (why: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(why);
    };
    const timer = setTimeout(() => done('no answer'), waitMs);
    socket.once('connect', () => done(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    socket.connect(port, address);
  });
}

/** What the gate sees of the connection to come. */
function ownAttempt(address: string): Attempt {
  const groups = process.getgroups?.() ?? [];
  return {
    process: {
      pid: process.pid,
      exe: realpathSync(process.execPath),
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      groups,
      cgroup: ownCgroup(),
    },
    flow: {
      protocol: 'tcp',
      protocolNumber: protocolNumbers.tcp,
      direction: 'out',
      local: { address: parseAddress('127.0.0.1') as Address, port: 0 },
      remote: { address: parseAddress(address) as Address, port: 1 },
      interface: 'lo',
    },
    names: [],
  };
}

function ownCgroup(): string | undefined {
  try {
    return /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
