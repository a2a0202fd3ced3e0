// The lab's cgroup: programs of the kernel are attached there, so that they never judge anything else of the machine.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoot } from '../kernel/cgroup.ts';

const prefix = 'pt-lab-cgroup-';

/** Of the test process with this pid; made where there is none. */
export function labCgroup(pid: number): string {
  const folder = join(cgroupRoot(), `${prefix}${pid}`);
  if (!existsSync(folder)) mkdirSync(folder);
  return folder;
}

/** The cgroups of labs that `isLeft` says are left behind; what still runs in them goes to the root. */
export function removeLabCgroups(isLeft: (lab: { pid: number }) => boolean): void {
  const root = cgroupRoot();
  for (const name of readdirSync(root)) {
    if (!name.startsWith(prefix) || !isLeft({ pid: Number(name.slice(prefix.length)) })) continue;
    removeCgroup(root, join(root, name));
  }
}

/** With the cgroups that containers made below it. */
function removeCgroup(root: string, folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(root, join(folder, entry.name));
  }
  for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n')) {
    if (pid !== '') moveToRoot(root, pid);
  }
  try {
    rmdirSync(folder);
  } catch {
    // Something in it has not ended yet; the next lab takes it away.
  }
}

function moveToRoot(root: string, pid: string): void {
  try {
    writeFileSync(join(root, 'cgroup.procs'), pid);
  } catch {
    // It has ended.
  }
}
