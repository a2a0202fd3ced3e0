// What every command is given: where to write, whom to ask, and what only the daemon's side can do.
import type { CommandContext, StricliProcess } from '@stricli/core';
import { isAdministrator } from '#api/access.ts';
import { type Asked, Client, type ClientError, type Method } from '#client/client.ts';
import type { DoctorReport } from '#model/api.ts';
import type { FailMode, Mode } from '#model/mode.ts';
import type { Lifetime } from '#model/rule.ts';

export interface UpOptions {
  readonly configDir: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly mode?: Mode | undefined;
  readonly failMode?: FailMode | undefined;
  readonly forward: boolean;
  readonly holdSeconds?: number | undefined;
  /** Whether programs are put into the kernel: where they load, or only so, or not at all. */
  readonly kernelPath: 'auto' | 'bpf' | 'none';
  /** Folder of the cgroup v2 hierarchy whose sockets are judged in the kernel; left out: its root. */
  readonly cgroup?: string | undefined;
  /** Guards the commands of `postern run` alone, and ends with the last of them. */
  readonly onlyRuns: boolean;
  /** The socket of systemd-resolved's monitor, or `off`; left out: where systemd-resolved makes it. */
  readonly resolvedMonitor?: string | undefined;
  /** The port of 127.0.0.1 for the pages, 0 for any; null: no pages. */
  readonly pagesPort: number | null;
  /** The door of the pages to other machines; null: none. Without a certificate, one is made. */
  readonly remote: RemoteDoor | null;
  /** What an earlier Postern left in the kernel is taken away first, not taken up; with mode `off` nothing more is done. */
  readonly reset: boolean;
}

export interface RemoteDoor {
  readonly door: { readonly address: string; readonly port: number; readonly names: readonly string[] };
  /** Files in PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

export interface AgentOptions {
  readonly runtimeDir: string;
  /** How long the answers of its buttons hold. */
  readonly lifetime: Lifetime;
  readonly refusals: boolean;
  readonly icon: boolean;
}

export interface TopOptions {
  readonly runtimeDir: string;
  readonly json: boolean;
  /** One picture, and no more. */
  readonly once: boolean;
}

/** What `cli` cannot do itself, as it stands below the daemon and beside the desktop and the terminal view. */
export interface Injected {
  agent(options: AgentOptions): Promise<number>;
  top(options: TopOptions): Promise<number>;
  up(options: UpOptions): Promise<number>;
  doctor(): Promise<DoctorReport>;
}

/** The exit codes of every command. */
export const exits = { done: 0, no: 1, usage: 2, noDaemon: 3, notPermitted: 4 } as const;

/** Ends a command with this exit code and, where there is one, a message for standard error. */
export class Ending extends Error {
  readonly code: number;
  readonly hint: string | undefined;

  constructor(code: number, message = '', hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

export interface Context extends CommandContext {
  readonly process: StricliProcess;
  readonly injected: Injected;
  readonly version: string;
  /** How a command line could go on. */
  propose(words: readonly string[]): Promise<readonly string[]>;
}

export const defaultRuntimeDir = '/run/postern';

export function runtimeDirOf(flags: { readonly runtimeDir?: string | undefined }): string {
  return flags.runtimeDir ?? process.env.POSTERN_RUNTIME_DIR ?? defaultRuntimeDir;
}

export function clientOf(flags: { readonly runtimeDir?: string | undefined }): Client {
  return new Client(runtimeDirOf(flags));
}

const errorExits: Readonly<Record<ClientError['kind'], number>> = {
  'no-daemon': exits.noDaemon,
  'not-permitted': exits.notPermitted,
  refused: exits.no,
};

/** The value, or the command's end with the exit code that the error has. */
export function orEnd<T>(asked: Asked<T>): T {
  if (asked.ok) return asked.value;
  const { error } = asked;
  // What the API cannot even understand was wrong on the command line.
  const wrong = error.kind === 'refused' && error.code === 'bad-request';
  const code = wrong ? exits.usage : errorExits[error.kind];
  throw new Ending(code, error.message, 'hint' in error ? error.hint : undefined);
}

export async function ask<T>(
  flags: { readonly runtimeDir?: string | undefined },
  method: Method,
  path: string,
  body?: unknown,
): Promise<T> {
  return orEnd(await clientOf(flags).ask<T>(method, path, body));
}

/** Whether whoever runs this may change rules, as the daemon will see it; what they may not do is not offered. */
export function mayChangeRules(): boolean {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  return isAdministrator({ uid, gid, groups: process.getgroups?.() ?? [] });
}

/** Ends the command when a change is kept and does not hold yet: what follows in a script may rely on it. */
export function mustHold({ pending }: { readonly pending: string | null }): void {
  if (pending !== null) throw new Ending(exits.no, `the change is kept, but does not hold yet: ${pending}`);
}
