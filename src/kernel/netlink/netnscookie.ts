// The number by which the kernel tells network namespaces apart, as its BPF programs see it.
import { fail, ok, type Result } from '#std/result.ts';
import { codeOf, lastErrno, libc } from '../ffi.ts';
import { NetlinkSocket, netlinkFamilies } from './socket.ts';

const SOL_SOCKET = 1; // include/uapi/asm-generic/socket.h
const SO_NETNS_COOKIE = 71; // from Linux 5.14 on

/** Of the network namespace that this process is in. */
export function netnsCookie(): Result<bigint> {
  const socket = new NetlinkSocket({ family: netlinkFamilies.sockDiag });
  const value = Buffer.alloc(8);
  const result = libc.getsockopt(socket.fd, SOL_SOCKET, SO_NETNS_COOKIE, value, [value.length]);
  const errno = lastErrno();
  socket.close();
  return result < 0
    ? fail(`the kernel does not name its network namespaces (SO_NETNS_COOKIE: ${codeOf(errno)}); Linux 5.14 does`)
    : ok(value.readBigUInt64LE());
}
