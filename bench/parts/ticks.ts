import { readFileSync } from 'node:fs';

/** Clock ticks of processor time that a process has used: utime and stime, proc_pid_stat(5). */
export function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
