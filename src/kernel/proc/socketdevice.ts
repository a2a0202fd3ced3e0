// The device number that all sockets share: files and sockets may have the same inode number.
import { fstatSync } from 'node:fs';
import { lastErrno, libc, SystemError } from '../ffi.ts';

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0x80000;

function deviceOfSockets(): number {
  const fd = libc.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) throw new SystemError('make a socket to learn the device of sockets', lastErrno());
  const { dev } = fstatSync(fd);
  libc.close(fd);
  return dev;
}

/** `st_dev` of every socket of this machine. */
export const socketDevice = deviceOfSockets();
