// A cgroup of the test's own, with the test in it: what it starts is judged there, and nothing else of the machine.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';

/** Where cgroup v2 is mounted. */
export function cgroupRoot(): string {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((text) => text.includes(' - cgroup2 '));
  const path = line?.split(' ')[4];
  if (path === undefined) throw new Error('this machine has no cgroup v2 hierarchy');
  return path;
}

const alive = (pid: string) => {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
};

/** Moves what is left of a cgroup's processes to the root and removes it. */
function remove(root: string, name: string): void {
  const folder = join(root, name);
  for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').trim().split('\n')) {
    if (pid === '') continue;
    try {
      writeFileSync(join(root, 'cgroup.procs'), pid);
    } catch {
      // It has ended.
    }
  }
  try {
    rmdirSync(folder);
  } catch {
    // The next test takes it away.
  }
}

/** Call once, at the top of a test file. Returns the cgroup's folder. */
export function enterCgroup(): string {
  const root = cgroupRoot();
  for (const name of readdirSync(root)) {
    const pid = /^pt-cgroup-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !alive(pid)) remove(root, name);
  }
  const name = `pt-cgroup-${process.pid}`;
  mkdirSync(join(root, name));
  writeFileSync(join(root, name, 'cgroup.procs'), String(process.pid));
  after(() => remove(root, name));
  return join(root, name);
}
