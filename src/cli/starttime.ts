// The start time of a process: a pid alone is never an identity.
import { readFileSync } from 'node:fs';
import { Ending, exits } from './context.ts';

/** Field 22 of /proc/PID/stat; ends the command when there is no such process. */
export function startTimeOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const field = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
    if (field !== undefined) return field;
  } catch {
    // No such process.
  }
  throw new Ending(exits.no, `there is no process ${pid}`);
}
