// What a lab leaves behind when its test process is killed, and how it is taken away: by the lab's own watchdog at once,
// and by the next lab in any case. Run as a program it takes away what it finds.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeLabCgroups } from './cgroup.ts';

/** Users and groups that labs made, one `user NAME` or `group NAME` a line: labs at the same time share them. */
const accountsFile = '/run/postern-lab/accounts';

const namespaceName = /^pt-lab-(\d+)-[\w-]+$/;
const folderName = /^pt-lab-(\d+)-\w+$/;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The names in a folder that this pattern finds, each with the pid of the test process in it. */
function found(folder: string, pattern: RegExp): { name: string; pid: number }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const pid = pattern.exec(name)?.[1];
    return pid === undefined ? [] : [{ name, pid: Number(pid) }];
  });
}

/** Ends what runs in a namespace that a lab made, and removes it. */
function removeNamespace(name: string): void {
  const inside = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout ?? '';
  for (const pid of inside.split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
  spawnSync('ip', ['netns', 'del', name]);
}

/** Makes a user or group where there is none, and notes it so that the last lab takes it away. */
export function makeAccount(kind: 'user' | 'group', name: string): void {
  if (spawnSync('getent', [kind === 'user' ? 'passwd' : 'group', name]).status === 0) return;
  mkdirSync(dirname(accountsFile), { recursive: true });
  appendFileSync(accountsFile, `${kind} ${name}\n`);
  const made =
    kind === 'user'
      ? spawnSync('useradd', ['--no-create-home', '--user-group', '--shell', '/bin/sh', name], { encoding: 'utf8' })
      : spawnSync('groupadd', [name], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`the ${kind} ${name} could not be made: ${made.stderr}`);
}

/** Unless a lab still lives. */
function removeAccounts(): void {
  if (!existsSync(accountsFile) || found('/run/netns', namespaceName).length > 0) return;
  const lines = readFileSync(accountsFile, 'utf8').split('\n');
  for (const kind of ['user', 'group'] as const) {
    for (const name of new Set(lines.filter((line) => line.startsWith(kind)).map((line) => line.split(' ')[1] ?? ''))) {
      spawnSync(kind === 'user' ? 'userdel' : 'groupdel', [name]);
    }
  }
  rmSync(accountsFile, { force: true });
}

/** The bpf file systems of Posterns that were killed: with them their programs leave the kernel. */
function unmountBelow(folder: string): void {
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const at = line.split(' ')[4];
    if (at?.startsWith(`${folder}/`)) spawnSync('umount', ['--lazy', at]);
  }
}

/** Takes away what labs of dead test processes left, and the lab of `own`, which is its process. */
export function removeLeftovers(own?: number): void {
  const dead = ({ pid }: { pid: number }) => pid === own || !lives(pid);
  for (const { name } of found('/run/netns', namespaceName).filter(dead)) removeNamespace(name);
  for (const { name } of found('/tmp', folderName).filter(dead)) {
    unmountBelow(`/tmp/${name}`);
    rmSync(`/tmp/${name}`, { recursive: true, force: true, maxRetries: 5 });
  }
  removeLabCgroups(dead);
  removeAccounts();
}

/** A process that waits for the end of this one, however it ends, and takes away what is left. Kill it after an orderly end. */
export function startWatchdog(): ChildProcess {
  // The shell waits, which costs no memory; of its own group, so that Ctrl-C leaves it alone.
  const wait = `cat >/dev/null; exec "$1" --disable-warning=ExperimentalWarning "$2" "$3"`;
  const args = [process.execPath, import.meta.filename, String(process.pid)];
  const watchdog = spawn('sh', ['-c', wait, 'watchdog', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  return watchdog;
}

if (import.meta.main) {
  // The end of the pipe is seen a moment before the process that held it is gone.
  const guarded = Number(process.argv[2]);
  for (let tries = 0; lives(guarded) && tries < 100; tries++) await sleep(50);
  removeLeftovers();
}
