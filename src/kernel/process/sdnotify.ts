// Tells systemd that the service is ready (sd_notify(3)): one datagram to the socket that NOTIFY_SOCKET names.
import { libc } from '../ffi.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0x80000;

/** `state` as sd_notify(3) has it, such as `READY=1`. Does nothing where no service manager listens. */
export function notifyServiceManager(state: string, path = process.env.NOTIFY_SOCKET): boolean {
  if (path === undefined || path === '' || path.length > 107) return false;
  const name = Buffer.from(path);
  if (name[0] === 0x40) name[0] = 0; // @ stands for the abstract namespace
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) return false;
  const message = Buffer.from(state);
  const sent =
    libc.connect(fd, address, address.length) === 0 && libc.send(fd, message, message.length, 0) === message.length;
  libc.close(fd);
  return sent;
}
