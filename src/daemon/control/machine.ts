// What the control plane asks of the machine: its users, its name servers, where links lead, which boot this is.
import { execFile } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Accounts } from '#model/messages.ts';
import { type Address, parseAddress } from '#model/net/address.ts';

const run = promisify(execFile);

async function database(name: 'passwd' | 'group'): Promise<Record<string, number>> {
  let text: string;
  try {
    // getent asks every source that nsswitch.conf names, directories of a company among them.
    text = (await run('getent', [name], { timeout: 10_000, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch {
    text = readFileSync(`/etc/${name}`, 'utf8');
  }
  const entries = text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length > 2 && /^\d+$/.test(fields[2] ?? ''))
    .map((fields) => [fields[0] as string, Number(fields[2])] as const);
  return Object.fromEntries(entries);
}

export async function readAccounts(): Promise<Accounts> {
  const [users, groups] = await Promise.all([database('passwd'), database('group')]);
  return { users, groups };
}

/** The name servers of resolv.conf(5); none when it cannot be read. */
export function readResolvers(file = '/etc/resolv.conf'): Address[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const server = /^\s*nameserver\s+([^\s%#;]+)/.exec(line)?.[1];
    const address = server === undefined ? undefined : parseAddress(server);
    return address ?? [];
  });
}

/** Where a change of resolv.conf(5) shows: its folder, and that of the file it leads to. */
export function resolverFolders(file = '/etc/resolv.conf'): readonly string[] {
  const folders = new Set([dirname(file)]);
  try {
    folders.add(dirname(realpathSync(file)));
  } catch {
    // There is none yet.
  }
  return [...folders];
}

/** Paths whose symbolic links lead to another path. */
export function readAliases(paths: readonly string[]): Record<string, string> {
  const aliases: [string, string][] = [];
  for (const path of paths) {
    try {
      const real = realpathSync(path);
      if (real !== path) aliases.push([path, real]);
    } catch {
      // Nothing there yet: the path stands for itself.
    }
  }
  return Object.fromEntries(aliases);
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Field 22 of /proc/PID/stat; undefined where there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Whether the process that began at `startTime` (field 22 of /proc/PID/stat) still lives. */
export function processLives(pid: number, startTime: string): boolean {
  return startTimeOf(pid) === startTime;
}
