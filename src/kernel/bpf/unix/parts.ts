// The programs at Unix sockets, as they are pinned for the gate.
import { join } from 'node:path';
import { layouts } from '../layout.ts';
import { objectsFolder } from '../tier.ts';

export const unixPrograms = ['connect_unix', 'sendmsg_unix'] as const;

/** enum bpf_attach_type of include/uapi/linux/bpf.h: BPF_CGROUP_UNIX_CONNECT and BPF_CGROUP_UNIX_SENDMSG, from 6.7 on. */
export const unixHooks = { connect_unix: 49, sendmsg_unix: 50 } as const satisfies Record<
  (typeof unixPrograms)[number],
  number
>;

/** UNIX_ROOM */
export const nameRoom = 112;
/** Its own maps, by the sizes of their keys and values. */
export const unixMaps = { refused_names: [nameRoom, 4], unix_told: [8, layouts.told.size] } as const;

export const unixObject: string = join(objectsFolder, 'postern.unix.bpf.o');

/** Whether the kernel takes the programs, and in words what it said: a clause. */
export interface UnixState {
  readonly works: boolean;
  readonly reason: string;
}
