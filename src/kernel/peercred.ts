// Who is at the other end of a Unix socket, as the kernel noted it when that end connected.
import { lastErrno, libc, SystemError } from './ffi.ts';

// include/uapi/asm-generic/socket.h
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

function option(fd: number, name: number, bytes: Uint8Array): number {
  const length: [number] = [bytes.length];
  if (libc.getsockopt(fd, SOL_SOCKET, name, bytes, length) < 0) {
    throw new SystemError('ask who is at the other end of the socket', lastErrno());
  }
  return length[0];
}

/** `fd` is a connected Unix stream socket. Throws SystemError. */
export function peerCredentials(fd: number): PeerCredentials {
  const credentials = Buffer.alloc(12); // struct ucred
  option(fd, SO_PEERCRED, credentials);
  const groupBytes = Buffer.alloc(65536 * 4); // NGROUPS_MAX
  const length = option(fd, SO_PEERGROUPS, groupBytes);
  const groups: number[] = [];
  for (let at = 0; at < length; at += 4) groups.push(groupBytes.readUInt32LE(at));
  return {
    pid: credentials.readInt32LE(0),
    uid: credentials.readUInt32LE(4),
    gid: credentials.readUInt32LE(8),
    groups,
  };
}

/** The descriptor of a connection that Node accepted; Node has no public word for it. */
export function descriptorOf(socket: object): number | undefined {
  const handle = (socket as { readonly _handle?: { readonly fd?: unknown } | null })._handle;
  return typeof handle?.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}
