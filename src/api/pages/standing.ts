// What an account is now: a session outlives the moment in which the kernel said who asked, so its groups are read again.
import { readFileSync } from 'node:fs';
import type { Peer } from '../access.ts';

export interface Standing {
  /** The account's name; undefined where /etc/passwd has none. */
  readonly user: string | undefined;
  /** Who it was, with those of the groups that the account is still in. */
  readonly peer: Peer;
}

type Lines = readonly (readonly string[])[];

const nobodysGroup = 65_534;

/** Fields of each line; nothing where it cannot be read, so that nobody has rights that cannot be looked up. */
function read(file: string): Lines {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}

/** The account's groups, its first one among them; undefined where /etc/passwd does not have it. */
function accountOf(uid: number, passwd: Lines, group: Lines): { user: string; groups: number[] } | undefined {
  const account = passwd.find((fields) => fields.length > 3 && fields[2] === String(uid));
  if (account === undefined) return undefined;
  const [user = '', , , gid] = account;
  const others = group.filter(([, , , members]) => members?.split(',').includes(user)).map(([, , id]) => Number(id));
  return { user, groups: [Number(gid), ...others] };
}

export function standingOf(peer: Peer, passwd = read('/etc/passwd'), group = read('/etc/group')): Standing {
  const account = accountOf(peer.uid, passwd, group);
  if (peer.uid === 0) return { user: account?.user ?? 'root', peer };
  const now = account?.groups ?? [];
  const gid = now.includes(peer.gid) ? peer.gid : nobodysGroup;
  return { user: account?.user, peer: { ...peer, gid, groups: peer.groups.filter((one) => now.includes(one)) } };
}

/** The number of an account of this machine; undefined where /etc/passwd has none of this name. */
export function accountNamed(user: string): number | undefined {
  const account = read('/etc/passwd').find((fields) => fields.length > 3 && fields[0] === user);
  return account === undefined || !/^\d{1,10}$/.test(account[2] ?? '') ? undefined : Number(account[2]);
}

/** Someone of whom nothing is known but the number: with all groups that the account has. */
export function accountPeer(uid: number): Peer {
  const groups = accountOf(uid, read('/etc/passwd'), read('/etc/group'))?.groups ?? [];
  return { pid: 0, uid, gid: groups[0] ?? nobodysGroup, groups };
}
