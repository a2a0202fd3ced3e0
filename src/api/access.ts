// Who may do what: root and the group `postern` everything, others see and answer for their own programs only.
import { readFileSync } from 'node:fs';

/** Who is at the other end of a connection, as the kernel says. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

export const administrators = 'postern';

/** The number of the administrators' group now; undefined when there is none. */
function administratorsGid(): number | undefined {
  try {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${administrators}:`));
    return line === undefined ? undefined : Number(line.split(':')[2]);
  } catch {
    return undefined;
  }
}

export function isAdministrator(peer: Pick<Peer, 'uid' | 'gid' | 'groups'>): boolean {
  if (peer.uid === 0) return true;
  const gid = administratorsGid();
  return gid !== undefined && (peer.gid === gid || peer.groups.includes(gid));
}
