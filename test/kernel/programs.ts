// Programs for tests of who a process is: started, waited for until they run, and ended with the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** A folder that goes with the test. */
export function scratchFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-identity-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until the condition holds, half a minute at most: a busy machine may take ten times as long as an idle one. */
export async function until(condition: () => boolean, what: string, ms = 30_000): Promise<void> {
  for (const end = Date.now() + ms; !condition(); await sleep(2)) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms / 1000} s`);
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

const exeOf = (pid: number) => {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
};

/** Starts a program in the background; `running` is what its executable's path ends with once it runs. */
export async function start(
  context: TestContext,
  file: string,
  args: readonly string[],
  options: { readonly running?: string; readonly argv0?: string; readonly cwd?: string; readonly uid?: number } = {},
): Promise<ChildProcess & { readonly pid: number }> {
  const { running, ...rest } = options;
  // A process group of its own, so that what it starts ends with it.
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true, ...rest });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} cannot be started`);
  context.after(() => endGroup(pid));
  if (running !== undefined) await until(() => exeOf(pid).endsWith(running), `${file} running ${running}`);
  return child as ChildProcess & { readonly pid: number };
}
