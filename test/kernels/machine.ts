// An emulated machine: it runs its tests and ends, or is ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** It steps aside for everything else on this machine, and ends with the process that started it. */
const command = ['nice', '-n', '19', 'ionice', '-c', '3', 'setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64'];
/**
 * The clock of the machine counts instructions, one a nanosecond, and jumps over what it would sleep: a second there is
 * always the same work, however busy this machine is, so that no test's patience runs out.
 */
const clock = ['-icount', 'shift=0,sleep=off'];
/** One processor in software, without network or disk. */
const hardware = ['-accel', 'tcg', '-cpu', 'max', '-m', '2048', '-smp', '1', '-nic', 'none', '-no-reboot'];
const screen = ['-display', 'none', '-monitor', 'none'];
/** A kernel that panics ends the machine. */
const kernelOptions = 'console=ttyS0 loglevel=4 panic=-1 oops=panic mitigations=off';

export interface MachineOptions {
  readonly kernel: string;
  readonly initramfs: string;
  /** Everything that is no result goes into this file. */
  readonly console: string;
  readonly limitMs: number;
  /** Ends the machine. */
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Returns when the machine is gone; what it failed of, as a clause, where it did not end by itself. */
export async function runMachine(options: MachineOptions): Promise<string | undefined> {
  const [file = '', ...first] = command;
  const boot = ['-kernel', options.kernel, '-initrd', options.initramfs, '-append', kernelOptions];
  const lines = ['-serial', `file:${options.console}`, '-serial', 'stdio'];
  const machine = spawn(file, [...first, ...hardware, ...clock, ...screen, ...boot, ...lines], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let problem: string | undefined;
  const end = (why: string) => {
    problem = why;
    machine.kill('SIGKILL');
  };
  const timer = setTimeout(() => end(`it took longer than ${options.limitMs / 60_000} minutes`), options.limitMs);
  options.signal.addEventListener('abort', () => end('it was interrupted'), { once: true });
  createInterface({ input: machine.stdout }).on('line', options.onLine);
  const [code] = (await once(machine, 'close')) as [number | null];
  clearTimeout(timer);
  return problem ?? (code === 0 ? undefined : `the emulator ended with ${code}`);
}
