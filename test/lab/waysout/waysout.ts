// The lab with all that the ways out need: servers that must not be reached and see what arrives, a helper outside of the
// run, and the programs of the hostile child.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab, Ran, Talker } from '../lab.ts';
import { host } from '../namespaces.ts';
import { Resolver } from '../resolver.ts';
import { type Arrived, type Way, waysOut } from './ways.ts';

const python = '/usr/bin/python3';
const firstPort = 7100;
/** Where the helper on the same machine listens. */
const listening = 7099;

/** Addresses of the world: those that must not be reached, and one that may be. */
export const forbidden = { v4: '203.0.113.9', v6: '2001:db8::9' } as const;
export const allowed = { name: 'allowed.test', address: '198.51.100.7' } as const;

export interface Told {
  readonly tried: number;
  readonly sent: number;
  readonly got: number;
  readonly error: string | null;
  /** Why it was not tried at all. */
  readonly skipped?: string;
}

export interface Tried {
  readonly way: string;
  /** What the child says. */
  readonly told: Told;
  readonly arrived: Arrived;
  /** How much got out: 0 is held. */
  readonly out: number;
  readonly seconds: number;
}

interface Seen {
  readonly tokens: Readonly<Record<string, number>>;
  readonly ports: Readonly<Record<string, number>>;
  readonly answered: Readonly<Record<string, number>>;
  readonly lost: number;
}

/** What came of all the ways together, for people and for a report. */
export function summary(all: readonly Tried[]) {
  const sum = (of: (tried: Tried) => number) => all.reduce((total, tried) => total + of(tried), 0);
  const tried = all.filter(({ told }) => told.skipped === undefined);
  const uncovered = (name: string) => waysOut.find((way) => way.name === name)?.uncovered !== undefined;
  return {
    ways: tried.length,
    tried: sum(({ told }) => told.tried),
    sent: sum(({ told }) => told.sent),
    out: sum(({ out }) => out),
    held: tried.filter(({ out }) => out === 0).length,
    /** Ways by which something got out although they are to be held. */
    escaped: tried.filter(({ way, out }) => out > 0 && !uncovered(way)).map(({ way }) => way),
    uncovered: tried.filter(({ way, out }) => out > 0 && uncovered(way)).map(({ way }) => way),
    skipped: all.flatMap(({ way, told }) => (told.skipped === undefined ? [] : [`${way}: ${told.skipped}`])),
    seconds: Math.round(sum(({ seconds }) => seconds) * 10) / 10,
  };
}

const tokenOf = ({ name }: Way) => name.replaceAll(/[._]/g, '-');
const portOf = (way: Way) => firstPort + waysOut.indexOf(way);
/** As names.py writes it. */
const mixed = (name: string) =>
  name.replaceAll(/[a-z]+/g, (part) =>
    part.replaceAll(/./g, (letter, at) => (at % 3 === 1 ? letter : letter.toUpperCase())),
  );

export interface WaysOutOptions {
  /** Unix sockets of service managers and container engines to stand in for; by default below the lab's folder. */
  readonly managers?: readonly string[];
  /** The Postern that confines it, so that it can ask it for a rule. */
  readonly postern?: { readonly bin: string; readonly runtime: string };
  /** The user whose processes are outside, by default root. */
  readonly user?: string;
}

export class WaysOut {
  readonly folder: string;
  readonly resolver: Resolver;
  readonly managers: readonly string[];
  readonly #helper: string;
  /** The Posterns of a lab guard its cgroup and nothing beyond. */
  readonly #guarded: string;
  readonly #postern: WaysOutOptions['postern'];
  readonly #watcher: Talker;
  readonly #outside: Talker;
  readonly #victim: number;
  readonly #elsewhere: number;

  private constructor(lab: Lab, folder: string, resolver: Resolver, options: WaysOutOptions) {
    this.folder = folder;
    this.resolver = resolver;
    this.#helper = `wayout-helper-${process.pid}`;
    this.#postern = options.postern;
    this.#guarded = lab.cgroup;
    const run = join(folder, 'run');
    this.managers =
      options.managers ??
      ['docker.sock', 'systemd/private', 'dbus/system_bus_socket', 'containerd/containerd.sock'].map((name) =>
        join(run, name),
      );
    const user = options.user === undefined ? {} : { user: options.user };
    const last = firstPort + waysOut.length - 1;
    const watcher = [python, join(folder, 'watcher.py'), String(firstPort), String(last), forbidden.v4, forbidden.v6];
    this.#watcher = lab.talker(['env', `MIXED_NAME=${mixed('allowed')}`, ...watcher], { world: true });
    this.#outside = lab.talker(
      [python, join(folder, 'outside.py'), this.#helper, String(listening), ...this.managers],
      user,
    );
    this.#victim = lab.spawn(['sleep', '1000'], user).pid ?? 0;
    this.#elsewhere = lab.spawn(['sleep', '1000'], { world: true }).pid ?? 0;
  }

  /** Builds the programs and starts the servers; what it starts ends with the lab. */
  static async start(lab: Lab, options: WaysOutOptions = {}): Promise<WaysOut> {
    const folder = join(lab.folder, 'waysout');
    mkdirSync(join(folder, 'run'), { recursive: true });
    chmodSync(join(folder, 'run'), 0o777);
    const sources = readdirSync(import.meta.dirname);
    for (const name of sources.filter((one) => one.endsWith('.py'))) {
      cpSync(join(import.meta.dirname, name), join(folder, name));
    }
    for (const name of sources.filter((one) => one.endsWith('.c'))) {
      const as = name === 'preload.c' ? ['-shared', '-fPIC'] : ['-pthread'];
      execFileSync('clang', [
        '-O1',
        '-Wall',
        ...as,
        '-o',
        join(folder, name.slice(0, -2)),
        join(import.meta.dirname, name),
      ]);
    }
    const six = await lab.run(['ip', 'address', 'add', `${forbidden.v6}/64`, 'dev', 'lab1', 'nodad'], { world: true });
    if (six.code !== 0) throw new Error(`the world has no ${forbidden.v6}: ${six.stderr}`);
    // Any user may have a ping socket, as on most machines.
    await lab.run(['sh', '-c', 'echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range']);
    const resolver = new Resolver(lab);
    await resolver.start([`host-record=${allowed.name},${allowed.address}`, 'address=/tunnel.test/203.0.113.9']);
    const ways = new WaysOut(lab, folder, resolver, options);
    await Promise.all([ways.#watcher.next(), ways.#outside.next()]);
    return ways;
  }

  /** The command line that tries a way; `gate` are the processes to be killed by the way that kills them. */
  command(way: Way, gate: readonly number[] = []): string[] {
    const program = (name: string) => join(this.folder, name);
    const places = {
      token: tokenOf(way),
      ...forbidden,
      port: portOf(way),
      resolver: this.resolver.address,
      allowed: allowed.name,
      allowed_address: allowed.address,
      host4: host.v4,
      spare4: '192.0.2.77',
      broadcast: '192.0.2.255',
      other: 65_534,
      helper: this.#helper,
      managers: this.managers,
      listening,
      victim: this.#victim,
      elsewhere: this.#elsewhere,
      gate,
      guarded: this.#guarded,
      postern: this.#postern ?? null,
      ...Object.fromEntries(['dial', 'born', 'ring', 'seize', 'preload'].map((name) => [name, program(name)])),
    };
    return [python, '-B', program('ways.py'), way.name, JSON.stringify(places)];
  }

  async #seen(): Promise<Seen> {
    return JSON.parse(await this.#watcher.say('seen')) as Seen;
  }

  async #heard(): Promise<Readonly<Record<string, number>>> {
    return JSON.parse(await this.#outside.say('heard')) as Record<string, number>;
  }

  /**
   * Tries a way and looks at what arrived. `run` runs a command line in the way that is to be tested, such as within `postern run`;
   * it must print what the child prints.
   */
  async attempt(way: Way, run: (command: string[]) => Promise<Ran>, gate: readonly number[] = []): Promise<Tried> {
    const [port, token] = [String(portOf(way)), tokenOf(way)];
    await this.#seen();
    const before = (await this.#heard())[token] ?? 0;
    const running = run(this.command(way, gate));
    const called = way.name === 'escapes.inbound' ? await this.#call(port, running) : 0;
    const ran = await running;
    if (way.lingers !== undefined) await sleep(way.lingers * 1000);
    const line = ran.stdout.split('\n').find((text) => text.startsWith('{"way":'));
    if (line === undefined) throw new Error(`${way.name} ended with ${ran.code} and said: ${ran.stdout}${ran.stderr}`);
    const { skipped, tried = 0, sent = 0, got = 0, error = null } = JSON.parse(line) as Partial<Told>;
    const { tokens, ports, answered, lost } = await this.#seen();
    if (lost > 0) throw new Error(`the watcher missed ${lost} packets: what arrived is not known`);
    const arrived = {
      packets: tokens[token] ?? 0,
      toPort: ports[port] ?? 0,
      answered: answered[port] ?? 0,
      heard: ((await this.#heard())[token] ?? 0) - before,
      called,
    };
    const told = { tried, sent, got, error, ...(skipped === undefined ? {} : { skipped }) };
    return { way: way.name, told, arrived, out: way.out(arrived), seconds: ran.ms / 1000 };
  }

  /** Calls the child from the world until it answers or has ended. */
  async #call(port: string, running: Promise<Ran>): Promise<number> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    running.then(end, end);
    let got = 0;
    while (!ended) got += (JSON.parse(await this.#watcher.say(`call ${host.v4} ${port}`)) as { got: number }).got;
    return got;
  }
}
