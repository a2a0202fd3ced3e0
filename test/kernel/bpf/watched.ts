// The programs of bpf/ in this kernel, with their pins in a folder of the test's own, and a book that reads them.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { KernelBook } from '#kernel/bpf/identity/book.ts';
import { installKernelPath } from '#kernel/bpf/install.ts';
import { Pins } from '#kernel/bpf/pins.ts';
import type { Variant } from '#kernel/bpf/tier.ts';
import type { Process } from '#model/process.ts';
import { program } from '../compiled.ts';
import { start, until } from '../programs.ts';

const prefix = 'postern-bpf-';

function removeFolder(folder: string): void {
  Pins.of(folder).remove();
  rmSync(folder, { recursive: true, force: true });
}

/** Pins of test processes that were killed keep the programs in the kernel. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      removeFolder(join(tmpdir(), name));
    }
  }
}

let folders = 0;

/** A folder in which pins can be, gone with the test file. */
export function pinsFolder(): string {
  if (folders === 0) removeLeftovers();
  folders += 1;
  const folder = join(tmpdir(), `${prefix}${process.pid}-${folders}`);
  mkdirSync(folder, { recursive: true });
  after(() => removeFolder(folder));
  return folder;
}

/** Installs and opens; the book is closed with the test file. */
export function watchProcesses(
  folder = pinsFolder(),
  onLost: () => void = () => {},
  variants?: readonly Variant[],
): KernelBook {
  const pins = Pins.of(folder);
  const path = installKernelPath(pins, variants);
  if (path.tier === 'none') throw new Error(path.reason);
  const book = new KernelBook(pins, { onLost });
  after(() => book.close());
  return book;
}

let actor: string | undefined;

/** The program of actor.c, built once for the test file. */
export function actorFile(): string {
  actor ??= program(join(import.meta.dirname, 'actor.c'), join(pinsFolder(), 'actor'));
  return actor;
}

/** Starts a program that says `ready PID` when it is what it wants to be; gives that pid. */
export async function ready(
  context: TestContext,
  file: string,
  args: readonly string[],
  options: Parameters<typeof start>[3] = {},
  ms = 120_000,
): Promise<number> {
  const child = await start(context, file, args, options);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  // A process that it leaves behind may say so after it has ended itself.
  let closed = false;
  child.on('close', () => {
    closed = true;
  });
  await until(() => /^ready \d+$/m.test(text) || closed, `${file} ${args.join(' ')} being ready`, ms);
  const pid = /^ready (\d+)$/m.exec(text)?.[1];
  if (pid === undefined) throw new Error(`${file} ${args.join(' ')} ended with code ${child.exitCode}`);
  return Number(pid);
}

export function known(book: KernelBook, pid: number): Process {
  const found = book.get(pid, Date.now());
  if (found === undefined) throw new Error(`nothing is known of process ${pid}`);
  return found;
}
