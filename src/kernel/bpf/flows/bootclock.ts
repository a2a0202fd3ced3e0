// CLOCK_BOOTTIME as the programs have it: Node's own clocks stand still while the machine sleeps. A call and not a file, since
// some first packets need it before their verdict.
import { lastErrno, libc, SystemError } from '../../ffi.ts';

const CLOCK_BOOTTIME = 7; // include/uapi/linux/time.h
/** struct timespec on 64-bit Linux: seconds, nanoseconds. */
const time = new BigInt64Array(2);
const bytes = new Uint8Array(time.buffer);

/** Milliseconds since boot. */
export function bootMs(): number {
  if (libc.clock_gettime(CLOCK_BOOTTIME, bytes) < 0) throw new SystemError('read the boot clock', lastErrno());
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
}
