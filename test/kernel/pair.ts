// Two network namespaces joined by a cable, and this test process inside the first: for tests of the kernel adapters alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { after } from 'node:test';
import { libc } from '#kernel/ffi.ts';

const CLONE_NEWNET = 0x40000000;

export const near = { v4: '192.0.2.1', v6: '2001:db8::1' } as const;
export const far = { v4: '192.0.2.2', v6: '2001:db8::2' } as const;

export interface Pair {
  readonly farNamespace: string;
  /** Runs a program at the far end of the cable, to its end. */
  runFar(
    file: string,
    args: readonly string[],
    input?: string,
  ): { status: number | null; stdout: string; stderr: string };
}

const alive = (pid: string) => {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
};

/** Namespaces of test processes that were killed. */
function removeLeftovers(): void {
  for (const name of readdirSync('/run/netns', { withFileTypes: true }).map((entry) => entry.name)) {
    const pid = /^pt-pair-(\d+)-[ab]$/.exec(name)?.[1];
    if (pid !== undefined && !alive(pid)) spawnSync('ip', ['netns', 'del', name]);
  }
}

/** Call once, at the top of a test file: everything the file does afterwards happens in the near namespace. */
export function enterPair(): Pair {
  execFileSync('mkdir', ['-p', '/run/netns']);
  removeLeftovers();
  const [a, b] = [`pt-pair-${process.pid}-a`, `pt-pair-${process.pid}-b`];
  const ip = (...args: string[]) => execFileSync('ip', args);
  ip('netns', 'add', a);
  ip('netns', 'add', b);
  after(() => {
    for (const name of [a, b]) spawnSync('ip', ['netns', 'del', name]);
  });
  ip('-n', a, 'link', 'add', 'near0', 'type', 'veth', 'peer', 'name', 'far0', 'netns', b);
  for (const [name, link, ends] of [
    [a, 'near0', near],
    [b, 'far0', far],
  ] as const) {
    ip('-n', name, 'address', 'add', `${ends.v4}/24`, 'dev', link);
    ip('-n', name, 'address', 'add', `${ends.v6}/64`, 'dev', link, 'nodad');
    ip('-n', name, 'link', 'set', link, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  const fd = openSync(`/run/netns/${a}`, 'r');
  const entered = libc.setns(fd, CLONE_NEWNET);
  closeSync(fd);
  if (entered !== 0) throw new Error('the test cannot enter its own network namespace');
  return {
    farNamespace: b,
    runFar: (file, args, input) => {
      const result = spawnSync('nsenter', [`--net=/run/netns/${b}`, file, ...args], { encoding: 'utf8', input });
      return { status: result.status, stdout: result.stdout, stderr: result.stderr };
    },
  };
}
