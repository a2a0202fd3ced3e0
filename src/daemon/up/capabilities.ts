// The capabilities that Postern needs of whoever starts it.
import { readFileSync } from 'node:fs';

/** include/uapi/linux/capability.h, and what each is for. */
const needed = [
  { bit: 0, name: 'CAP_CHOWN', purpose: 'to give the control plane its folders' },
  { bit: 2, name: 'CAP_DAC_READ_SEARCH', purpose: 'to read the programs of every user' },
  { bit: 6, name: 'CAP_SETGID', purpose: 'to run the control plane without rights' },
  { bit: 7, name: 'CAP_SETUID', purpose: 'to run the control plane without rights' },
  { bit: 8, name: 'CAP_SETPCAP', purpose: 'to take from the gate what it does not need' },
  { bit: 12, name: 'CAP_NET_ADMIN', purpose: 'to hold and judge packets' },
  { bit: 19, name: 'CAP_SYS_PTRACE', purpose: "to see every user's processes" },
] as const;

/** A sentence that names what is missing; undefined when all is there. */
export function missingCapabilities(): string | undefined {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'}`);
  const missing = needed.filter(({ bit }) => ((mask >> BigInt(bit)) & 1n) === 0n);
  if (missing.length === 0) return undefined;
  const list = missing.map(({ name, purpose }) => `${name} (${purpose})`).join(', ');
  return `root lacks ${list} here; in a container or a unit, add what is missing`;
}
