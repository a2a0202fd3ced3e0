// The lab: a guarded host with a running Postern, and a world to talk to, for end-to-end tests with real programs.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '#model/api.ts';
import type { FailMode, Mode } from '#model/mode.ts';
import { labCgroup } from './cgroup.ts';
import { makeAccount, removeLeftovers, startWatchdog } from './leftovers.ts';
import { makeNamespaces, type Namespaces } from './namespaces.ts';

export interface RunOptions {
  readonly user?: string;
  /** Runs with this effective group, as `sg` does. */
  readonly group?: string;
  readonly world?: boolean;
  /** In the cgroup that systemd gives to a service of this name; to one of a user's own as `user:NAME`. */
  readonly unit?: string;
  readonly timeoutMs?: number;
  readonly input?: string;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface PosternOptions {
  readonly mode?: Mode;
  readonly fail?: FailMode;
  /** Files of rules.d by name. */
  readonly rules?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** A command line that runs `postern up` in its own place, with that behind it. */
  readonly within?: readonly string[];
}

/** The whole suite must pass with eBPF and without: POSTERN_KERNEL_PATH=none|bpf, otherwise what there is. */
export const kernelPath = process.env.POSTERN_KERNEL_PATH ?? 'auto';
export const bin = join(import.meta.dirname, '../../bin/postern');

/** Goes into the cgroup and becomes the program: `sh -c joinCgroup FOLDER COMMAND…`. */
const joinCgroup = 'echo 0 >"$0/cgroup.procs" && exec "$@"';

function folderOfUnit(unit: string): string {
  const [own, name] = /^user:(.*)$/.exec(unit) ?? [];
  return own === undefined ? `system.slice/${unit}` : `user.slice/user-1000.slice/user@1000.service/app.slice/${name}`;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

export class Lab {
  readonly names: Namespaces;
  readonly folder: string;
  /** The cgroup v2 folder in which everything on the host runs: programs of the kernel judge there and nowhere else. */
  readonly cgroup: string;
  readonly #world: ChildProcess;
  readonly #worldLines: Interface;
  readonly #children = new Set<ChildProcess>();
  readonly #watchdog: ChildProcess;
  /** Holds the mount namespace of the host, where it has one. */
  #mounts: ChildProcess | undefined;
  #posterns = 0;

  private constructor(
    names: Namespaces,
    folder: string,
    server: ChildProcess,
    lines: Interface,
    watchdog: ChildProcess,
  ) {
    this.names = names;
    this.folder = folder;
    this.cgroup = labCgroup(process.pid);
    this.#world = server;
    this.#worldLines = lines;
    this.#watchdog = watchdog;
  }

  /** One at a time in a test process. */
  static async create(): Promise<Lab> {
    if (process.geteuid?.() !== 0) throw new Error('the lab makes network namespaces, so it needs root');
    removeLeftovers();
    const watchdog = startWatchdog();
    const prefix = `pt-lab-${process.pid}`;
    const names = makeNamespaces(prefix);
    const folder = mkdtempSync(`/tmp/${prefix}-`);
    chmodSync(folder, 0o755);
    const server = spawn(
      'nsenter',
      [`--net=/run/netns/${names.world}`, process.execPath, join(import.meta.dirname, 'world.ts')],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
    const ended = once(server, 'exit').then(() => {
      throw new Error("the world's servers did not start");
    });
    await Promise.race([once(lines, 'line'), ended]);
    ended.catch(() => {});
    return new Lab(names, folder, server, lines, watchdog);
  }

  /** From now on the host has a /run of its own, an empty one in which everybody may make sockets as services have them. */
  async ownRun(): Promise<void> {
    const made = 'mount -t tmpfs -o mode=1777 tmpfs /run && echo made && exec cat';
    this.#mounts = spawn('unshare', ['--mount', 'sh', '-c', made], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(this.#mounts.stdout as NodeJS.ReadableStream, 'data');
  }

  /** What arrived in the world so far. */
  async arrived(): Promise<{ connections: number; datagrams: number; silent: number; unread: number }> {
    const line = once(this.#worldLines, 'line');
    this.#world.stdin?.write('?');
    return JSON.parse(String((await line)[0]));
  }

  #command(command: readonly string[], { user, group, world, unit }: RunOptions): string[] {
    const mounts = this.#mounts === undefined || world === true ? [] : [`--mount=/proc/${this.#mounts.pid}/ns/mnt`];
    const enter = ['nsenter', `--net=/run/netns/${world === true ? this.names.world : this.names.host}`, ...mounts];
    const cgroup = unit === undefined ? this.cgroup : join(this.cgroup, folderOfUnit(unit));
    if (unit !== undefined) mkdirSync(cgroup, { recursive: true });
    const inside = world === true ? enter : ['sh', '-c', joinCgroup, cgroup, ...enter];
    const ids = [
      ...(user === undefined ? [] : [`--reuid=${user}`, '--init-groups']),
      ...(group === undefined ? (user === undefined ? [] : [`--regid=${user}`]) : [`--regid=${group}`]),
      ...(user === undefined && group !== undefined ? ['--keep-groups'] : []),
    ];
    return ids.length === 0 ? [...inside, ...command] : [...inside, 'setpriv', ...ids, '--', ...command];
  }

  /** Starts a program on the host, or in the world; the lab ends it if nobody else does. */
  spawn(command: readonly string[], options: RunOptions = {}): ChildProcess {
    const [file = '', ...args] = this.#command(command, options);
    // Who is root here is not someone who called sudo, even where the tests were started with it.
    const { SUDO_UID: _, SUDO_GID: __, ...env } = process.env;
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/', env });
    child.stdin.on('error', () => {});
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    return child;
  }

  /** A program that answers each line of its input with a line of its own. */
  talker(command: readonly string[], options: RunOptions = {}): Talker {
    return new Talker(this.spawn(command, options));
  }

  /** Runs a program to its end; it is killed after `timeoutMs`, by default a minute. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const begun = performance.now();
    const child = this.spawn(command, options);
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin?.end(options.input ?? '');
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    return { code: code ?? -1, stdout, stderr, ms: performance.now() - begun };
  }

  /** curl to the world; its exit code tells: 0 connected, 7 refused, 28 timed out. */
  curl(
    url: string,
    options: RunOptions & { readonly program?: string; readonly maxSeconds?: number } = {},
  ): Promise<Ran> {
    const { program = 'curl', maxSeconds = 10, timeoutMs = (maxSeconds + 50) * 1000 } = options;
    const command = [program, '-s', '-g', '-o', '/dev/null', '-m', String(maxSeconds), url];
    return this.run(command, { ...options, timeoutMs });
  }

  /** Makes real users and groups with these names where there are none; the last lab takes away those that labs made. */
  account(name: string): void {
    makeAccount('user', name);
  }

  /** One more address of the world. */
  address(address: string): void {
    const link = ['-n', this.names.world, 'address', 'add', `${address}/32`, 'dev', 'lo'];
    const added = spawnSync('ip', link, { encoding: 'utf8' });
    if (added.status !== 0) throw new Error(`ip ${link.join(' ')}: ${added.stderr}`);
  }

  group(name: string, member?: string): void {
    makeAccount('group', name);
    if (member !== undefined) spawnSync('usermod', ['-aG', name, member]);
  }

  async postern(options: PosternOptions = {}): Promise<Postern> {
    const folder = join(this.folder, `p${++this.#posterns}`);
    mkdirSync(join(folder, 'config/rules.d'), { recursive: true });
    for (const [name, text] of Object.entries(options.rules ?? {})) {
      writeFileSync(join(folder, 'config/rules.d', name), text);
    }
    const postern = new Postern(this, folder);
    await postern.start(options);
    return postern;
  }

  async close(): Promise<void> {
    const ended = [...this.#children, this.#world].map((child) =>
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined,
    );
    for (const child of this.#children) child.kill('SIGKILL');
    this.#world.kill('SIGKILL');
    this.#mounts?.kill('SIGKILL');
    await Promise.all(ended);
    removeLeftovers(process.pid);
    this.#watchdog.kill('SIGKILL');
  }
}

export class Talker {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.child = child;
    // Keeps what was said before anybody asked.
    this.#lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  /** The first of its lines that was not heard yet. */
  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the program ended and said nothing more');
    return value;
  }

  /** Its answer to this line: it has one for each, and said nothing else that was not heard. */
  async say(line = ''): Promise<string> {
    const answer = this.next();
    this.child.stdin?.write(`${line}\n`);
    return answer;
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

/** A Postern that guards the lab's host. */
export class Postern {
  readonly #lab: Lab;
  readonly folder: string;
  /** What it printed. */
  output = '';
  #child: ChildProcess | undefined;
  #options: PosternOptions = {};

  constructor(lab: Lab, folder: string) {
    this.#lab = lab;
    this.folder = folder;
  }

  get rulesDir(): string {
    return join(this.folder, 'config/rules.d');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it and waits until its rules hold. */
  async start(options: PosternOptions = this.#options): Promise<void> {
    this.#options = options;
    const child = this.#lab.spawn([
      ...(options.within ?? []),
      bin,
      'up',
      '--config-dir',
      join(this.folder, 'config'),
      '--state-dir',
      join(this.folder, 'state'),
      '--runtime-dir',
      join(this.folder, 'run'),
      '--mode',
      options.mode ?? 'ask',
      '--fail',
      options.fail ?? 'known',
      '--kernel-path',
      kernelPath,
      '--cgroup',
      this.#lab.cgroup,
      ...(options.args?.includes('--resolved-monitor') ? [] : ['--resolved-monitor', 'off']),
      ...(options.args ?? []),
    ]);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    await this.until(() => /^postern is ready/m.test(this.output) || child.exitCode !== null, 'that it is ready');
    if (child.exitCode !== null) throw new Error(`postern up ended with ${child.exitCode}: ${this.output}`);
  }

  /** Waits up to `seconds` for something to become true; so long, because a busy machine may take ten times as long as an idle one. */
  async until(isSo: () => boolean | Promise<boolean>, what: string, seconds = 60): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`waited ${seconds} s for ${what}; Postern said: ${this.output}`);
      await sleep(40);
    }
  }

  /** Runs a command of the command line, in the host's namespace or as another user. */
  cli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const [command = '', ...rest] = args;
    const isTwo =
      /^(rule|lists|learn|networks|settings|views|password)$/.test(command) || /^(diff|rollback)$/.test(rest[0] ?? '');
    const second = isTwo && rest[0]?.startsWith('-') !== true ? rest.shift() : undefined;
    const two = second === undefined ? [command] : [command, second];
    return this.#lab.run([bin, ...two, '--runtime-dir', join(this.folder, 'run'), ...rest], options);
  }

  /** The JSON that a command prints. */
  async json<T>(args: readonly string[], options: RunOptions = {}): Promise<T> {
    const ran = await this.cli([...args, '--json'], options);
    if (ran.code !== 0) throw new Error(`postern ${args.join(' ')}: ${ran.stderr}`);
    return JSON.parse(ran.stdout) as T;
  }

  /** Whether the kernel decides what is known: with eBPF, on the cgroup of the lab. */
  async decidesInKernel(): Promise<boolean> {
    return (await this.json<Status>(['status'])).gate?.kernelPath.tier !== 'none';
  }

  #childrenOf(): { pid: number; title: string }[] {
    const pids = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim().split(/\s+/).map(Number);
    return pids.flatMap((pid) => {
      try {
        return [{ pid, title: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '' }];
      } catch {
        return []; // it has ended
      }
    });
  }

  /** The pid of the gate or of the control plane, which it has while it lives. */
  child(which: 'gate' | 'control'): number {
    const found = this.#childrenOf().find(({ title }) => title.startsWith(`postern-${which}`));
    if (found === undefined) throw new Error(`there is no ${which}: ${JSON.stringify(this.#childrenOf())}`);
    return found.pid;
  }

  /** Whether there is one again after that with this pid. */
  hasAnother(which: 'gate' | 'control', pid: number): boolean {
    return this.#childrenOf().some((child) => child.pid !== pid && child.title.startsWith(`postern-${which}`));
  }

  kill9(which: 'gate' | 'control'): void {
    process.kill(this.child(which), 'SIGKILL');
  }

  /** Kills each that the supervisor starts, as young as it may be, until the result is called. */
  keepAway(which: 'gate' | 'control'): () => void {
    const other = which === 'gate' ? 'control' : 'gate';
    const timer = setInterval(() => {
      const others = this.#childrenOf().filter(({ title }) => !title.startsWith(`postern-${other}`));
      for (const { pid } of others) killIfThere(pid);
    }, 20);
    return () => clearInterval(timer);
  }

  /** SIGKILL for the supervisor itself; its children end by themselves. */
  async kill9All(): Promise<void> {
    const pids = this.#childrenOf().map(({ pid }) => pid);
    const child = this.#child as ChildProcess;
    const ended = once(child, 'exit');
    for (const pid of [this.pid, ...pids]) killIfThere(pid);
    await ended;
    this.output = '';
  }

  /** SIGTERM, and how it ended. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  }
}
