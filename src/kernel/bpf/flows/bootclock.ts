// CLOCK_BOOTTIME as the programs have it: Node's own clocks stand still while the machine sleeps.
import { readFileSync } from 'node:fs';

/** Milliseconds since boot, in steps of 10 (/proc/uptime). */
export function bootMs(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]) * 1000;
}
