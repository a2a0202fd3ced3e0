// `postern up --reset`: takes away what a Postern that did not stop in order left in the kernel.
import type { Pins } from '#kernel/bpf/pins.ts';
import { Conntrack } from '#kernel/netfilter/conntrack.ts';
import { marksAt } from '#kernel/nft/marks.ts';
import { removeOwnTable } from '#kernel/nft/owner.ts';
import { fail, type Result } from '#std/result.ts';
import { markShifts } from './options.ts';

/**
 * Our table, the pins with everything that they alone hold in the kernel, and our bits in conntrack. The table goes first: it
 * asks the programs. Does nothing where nothing was left.
 */
export async function reset(pins: Pins): Promise<Result<void>> {
  const removed = await removeOwnTable();
  if (!removed.ok) return removed;
  try {
    pins.remove();
    const conntrack = new Conntrack(marksAt(markShifts.packet, markShifts.conntrack));
    try {
      conntrack.forgetUnless(() => false);
    } finally {
      conntrack.close();
    }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  return removed;
}
