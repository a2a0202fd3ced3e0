// A netlink socket: opened, bound, read and written without blocking.
import { errnos, lastErrno, libc, SystemError } from '../ffi.ts';

// include/uapi/linux/netlink.h, include/linux/socket.h, include/uapi/asm-generic/socket.h
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0x80000 | 0x800;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;

export const netlinkFamilies = { route: 0, sockDiag: 4, connector: 11, netfilter: 12, generic: 16 } as const;
export const netlinkOptions = { addMembership: 1, noEnobufs: 5, capAck: 10, extAck: 11 } as const;

export class NetlinkSocket {
  readonly fd: number;
  readonly #reply = Buffer.allocUnsafeSlow(65536);

  /** Opens and binds a socket in the network namespace of this thread, or takes over an open one. Throws SystemError. */
  constructor(source: { readonly family: number; readonly groups?: number } | { readonly fd: number }) {
    if ('fd' in source) {
      this.fd = source.fd;
      return;
    }
    const fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC_NONBLOCK, source.family);
    if (fd < 0) throw new SystemError(`open a netlink socket of family ${source.family}`, lastErrno());
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    address.writeUInt32LE(source.groups ?? 0, 8);
    if (libc.bind(fd, address, address.length) < 0) {
      const error = new SystemError('bind a netlink socket', lastErrno());
      libc.close(fd);
      throw error;
    }
    this.fd = fd;
  }

  /** Bytes of kernel memory for messages not yet read; beyond the system's limit, which takes CAP_NET_ADMIN. */
  setReceiveBuffer(bytes: number): void {
    this.#set(SOL_SOCKET, SO_RCVBUFFORCE, bytes, 'enlarge the receive buffer');
  }

  setOption(option: keyof typeof netlinkOptions, value: number): void {
    this.#set(SOL_NETLINK, netlinkOptions[option], value, `set netlink option ${option}`);
  }

  #set(level: number, name: number, value: number, operation: string): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    if (libc.setsockopt(this.fd, level, name, bytes, 4) < 0) throw new SystemError(operation, lastErrno());
  }

  /** Sends the first `length` bytes as one datagram; the kernel has worked on them when this returns. */
  send(bytes: Uint8Array, length = bytes.length): void {
    for (;;) {
      if (libc.send(this.fd, bytes, length, 0) >= 0) return;
      const errno = lastErrno();
      if (errno !== errnos.EINTR) throw new SystemError('send to the kernel', errno);
    }
  }

  /** One datagram, valid until the next call; undefined when none waits. */
  receive(): Buffer | undefined {
    for (;;) {
      const length = libc.recv(this.fd, this.#reply, this.#reply.length, 0);
      if (length >= 0) return this.#reply.subarray(0, length);
      const errno = lastErrno();
      if (errno === errnos.EAGAIN) return undefined;
      if (errno !== errnos.EINTR) throw new SystemError('receive from the kernel', errno);
    }
  }

  close(): void {
    libc.close(this.fd);
  }
}
