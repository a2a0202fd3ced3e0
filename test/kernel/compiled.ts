// The C programs of these tests. Where there is no compiler, as in an emulated machine, they stand compiled beside their sources.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync } from 'node:fs';

/** From the root of the checkout, without their `.c`. */
export const programs = [
  'test/kernel/bpf/actor',
  'test/kernel/bpf/maker',
  'test/kernel/flows/brief',
  'test/kernel/flows/dial',
  'test/kernel/flows/voice',
] as const;

export function compile(source: string, to: string): void {
  execFileSync('clang', ['-O1', '-Wall', '-s', '-pthread', '-o', to, source]);
}

/** The program of this source, a path that ends in `.c`, as the file `to`. */
export function program(source: string, to: string): string {
  const built = source.slice(0, -'.c'.length);
  if (existsSync(built)) {
    copyFileSync(built, to);
    chmodSync(to, 0o755);
  } else compile(source, to);
  return to;
}
