// The proc connector lives only in the machine's first network namespace: its socket is opened there.
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { lastErrno, libc, SystemError } from '../ffi.ts';
import { NetlinkSocket, netlinkFamilies } from '../netlink/socket.ts';

const CLONE_NEWNET = 0x40000000; // include/uapi/linux/sched.h
const CN_IDX_PROC = 1; // include/uapi/linux/connector.h; also the multicast group's bit

/** Process 1, or kthreadd, which is there on every machine and always in the first namespace. */
const firstNamespaces = ['/proc/1/ns/net', '/proc/2/ns/net'] as const;

function openFirst(): { readonly fd: number; readonly name: string } {
  for (const path of firstNamespaces) {
    try {
      return { name: readlinkSync(path), fd: openSync(path, constants.O_RDONLY) };
    } catch {
      // Not to be seen from here, as in a container.
    }
  }
  throw new Error("the machine's first network namespace cannot be reached from here");
}

/**
 * A socket on which the kernel tells of fork, exec and exit of the whole machine, once it was asked to. Where this process
 * lives in another network namespace, the thread visits the first one to open it. Throws when it may not.
 */
export function openConnector(): NetlinkSocket {
  const groups = CN_IDX_PROC;
  const home = '/proc/thread-self/ns/net';
  const { fd: firstFd, name } = openFirst();
  if (readlinkSync(home) === name) {
    closeSync(firstFd);
    return new NetlinkSocket({ family: netlinkFamilies.connector, groups });
  }
  const homeFd = openSync(home, constants.O_RDONLY);
  try {
    if (libc.setns(firstFd, CLONE_NEWNET) < 0) {
      throw new SystemError('visit the first network namespace', lastErrno());
    }
    try {
      return new NetlinkSocket({ family: netlinkFamilies.connector, groups });
    } finally {
      if (libc.setns(homeFd, CLONE_NEWNET) < 0) {
        // Going on in the wrong network namespace would guard the wrong machine.
        process.abort();
      }
    }
  } finally {
    closeSync(homeFd);
    closeSync(firstFd);
  }
}
