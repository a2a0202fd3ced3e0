// The only file that calls C: the few system calls that Node has none for, as plain functions over numbers and bytes.
import koffi from 'koffi';

const lib = koffi.load(null);
const { errno: errnoNames } = koffi.os;

/** A system call that failed: the operation, the kernel's number for the cause, and its name. */
export class SystemError extends Error {
  readonly operation: string;
  readonly errno: number;
  readonly code: string;

  constructor(operation: string, errno: number) {
    const code = codeOf(errno);
    super(`${operation}: ${code}`);
    this.name = 'SystemError';
    this.operation = operation;
    this.errno = errno;
    this.code = code;
  }
}

// The first name of a number counts: EAGAIN, not its alias EWOULDBLOCK.
const codes = new Map(
  Object.entries(errnoNames)
    .filter(([name]) => name !== 'EWOULDBLOCK')
    .map(([name, number]) => [number, name]),
);

/** `EPERM` for 1, and so on; `errno 4711` for a number without a name. */
export function codeOf(errno: number): string {
  return codes.get(errno) ?? `errno ${errno}`;
}

/** include/uapi/asm-generic/errno.h, those that callers tell apart. */
export const errnos = { EPERM: 1, ENOENT: 2, EINTR: 4, EAGAIN: 11, ENOBUFS: 105 } as const;

/** errno of the call just made; read it before anything else is called. */
export function lastErrno(): number {
  return koffi.errno();
}

/** What not every C library has. */
function optional<T>(signature: string): T | undefined {
  try {
    return lib.func(signature) as T;
  } catch {
    return undefined;
  }
}

/**
 * The C functions. Each returns what C returns: −1 for a failure, whose cause `lastErrno()` then tells.
 * Byte arguments are only used during the call.
 */
export const libc = {
  socket: lib.func('int socket(int domain, int type, int protocol)') as (
    domain: number,
    type: number,
    protocol: number,
  ) => number,
  bind: lib.func('int bind(int fd, const uint8_t *address, uint32_t length)') as (
    fd: number,
    address: Uint8Array,
    length: number,
  ) => number,
  send: lib.func('long send(int fd, const uint8_t *bytes, size_t length, int flags)') as (
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
  ) => number,
  recv: lib.func('long recv(int fd, uint8_t *bytes, size_t length, int flags)') as (
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
  ) => number,
  /** `headers` is an array of struct mmsghdr; see kernel/arena.ts. */
  recvmmsg: lib.func('int recvmmsg(int fd, uint8_t *headers, uint32_t count, int flags, void *timeout)') as (
    fd: number,
    headers: Uint8Array,
    count: number,
    flags: number,
    timeout: null,
  ) => number,
  setsockopt: lib.func('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)') as (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: number,
  ) => number,
  getsockopt: lib.func('int getsockopt(int fd, int level, int name, uint8_t *value, _Inout_ uint32_t *length)') as (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: [number],
  ) => number,
  ioctl: lib.func('int ioctl(int fd, unsigned long request, uint8_t *bytes)') as (
    fd: number,
    request: number,
    bytes: Uint8Array,
  ) => number,
  /** For the calling thread alone. */
  setns: lib.func('int setns(int fd, int kind)') as (fd: number, kind: number) => number,
  prctl: lib.func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)') as (
    option: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ) => number,
  /** `name` receives at most 16 bytes, IF_NAMESIZE. */
  if_indextoname: lib.func('void *if_indextoname(uint32_t index, uint8_t *name)') as (
    index: number,
    name: Uint8Array,
  ) => unknown,
  flock: lib.func('int flock(int fd, int operation)') as (fd: number, operation: number) => number,
  connect: lib.func('int connect(int fd, const uint8_t *address, uint32_t length)') as (
    fd: number,
    address: Uint8Array,
    length: number,
  ) => number,
  setpriority: lib.func('int setpriority(int which, uint32_t who, int priority)') as (
    which: number,
    who: number,
    priority: number,
  ) => number,
  /** `time` receives a struct timespec. */
  clock_gettime: lib.func('int clock_gettime(int clock, uint8_t *time)') as (clock: number, time: Uint8Array) => number,
  close: lib.func('int close(int fd)') as (fd: number) => number,
  /** The address, or −1. */
  mmap: lib.func('intptr_t mmap(void *at, size_t length, int protection, int flags, int fd, long offset)') as (
    at: null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => number,
  munmap: lib.func('int munmap(intptr_t at, size_t length)') as (at: number, length: number) => number,
  mount: lib.func(
    'int mount(const char *source, const char *at, const char *type, unsigned long flags, const char *data)',
  ) as (source: string, at: string, type: string, flags: number, data: string) => number,
  umount2: lib.func('int umount2(const char *at, int flags)') as (at: string, flags: number) => number,
  /** Gives back what malloc keeps free, but for so many bytes; of glibc alone. */
  malloc_trim: optional<(pad: number) => number>('int malloc_trim(size_t pad)'),
};

/** Memory that C made, such as `mmap` gives, as bytes. Not to be touched after it is unmapped. */
export function memoryAt(address: number, length: number): ArrayBuffer {
  return koffi.view(address, length);
}

/** The address of off-heap bytes, for structures that hold pointers. Keep a reference to the bytes while it is in use. */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes);
}

/** Called when `fd` is readable, until closed. Keeps the process alive like any other open handle. */
export function watchReadable(fd: number, callback: () => void): { close(): void } {
  const handle = koffi.node.poll(fd, { readable: true }, () => callback());
  return { close: () => handle.close() };
}
