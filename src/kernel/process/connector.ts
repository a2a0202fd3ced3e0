// The proc connector lives only in the machine's first network namespace: its socket is opened there.
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { lastErrno, libc, SystemError } from '../ffi.ts';
import { NetlinkSocket, netlinkFamilies } from '../netlink/socket.ts';

const CLONE_NEWNET = 0x40000000; // include/uapi/linux/sched.h
const CN_IDX_PROC = 1; // include/uapi/linux/connector.h; also the multicast group's bit

/**
 * A socket on which the kernel tells of fork, exec and exit of the whole machine, once it was asked to. Where this process
 * lives in another network namespace, the thread visits that of process 1 to open it. Throws when it may not.
 */
export function openConnector(): NetlinkSocket {
  const home = '/proc/thread-self/ns/net';
  const first = '/proc/1/ns/net';
  const groups = CN_IDX_PROC;
  if (readlinkSync(home) === readlinkSync(first)) {
    return new NetlinkSocket({ family: netlinkFamilies.connector, groups });
  }
  const homeFd = openSync(home, constants.O_RDONLY);
  const firstFd = openSync(first, constants.O_RDONLY);
  try {
    if (libc.setns(firstFd, CLONE_NEWNET) < 0) {
      throw new SystemError('visit the network namespace of process 1', lastErrno());
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
