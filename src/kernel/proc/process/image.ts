// The program file that a process runs: the very file, whatever its name says and whoever else has that name.
import { closeSync, constants, openSync, statSync } from 'node:fs';
import type { Image, ImageState } from '#model/process.ts';
import { libc } from '../../ffi.ts';
import { readLinkBytes } from './folder.ts';

/** include/uapi/linux/fs.h: FS_IOC_GETVERSION, _IOR('v', 1, long) on 64-bit. */
const FS_IOC_GETVERSION = 0x80087601;

const deletedMark = Buffer.from(' (deleted)');
const memfdMark = Buffer.from('/memfd:');

const version = Buffer.alloc(8);

function generationOf(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return '0';
  }
  const known = libc.ioctl(fd, FS_IOC_GETVERSION, version) === 0;
  closeSync(fd);
  return known ? version.readUInt32LE(0).toString() : '0';
}

interface FileNumbers {
  readonly dev: bigint;
  readonly ino: bigint;
}

function fileAt(path: Buffer): FileNumbers | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The state, by comparing with the file that stands at the path in our own mount namespace: the host's. */
function stateOf(path: Buffer, file: FileNumbers & { readonly nlink: bigint }, marked: boolean): ImageState {
  const host = fileAt(path);
  if (host !== undefined) return host.dev === file.dev && host.ino === file.ino ? 'host' : 'foreign';
  if (file.nlink === 0n) return path.subarray(0, memfdMark.length).equals(memfdMark) ? 'memfd' : 'deleted';
  // A name may end like this by itself. One that the host does not have was taken away, while other links to the file stay.
  return marked ? 'deleted' : 'foreign';
}

/**
 * The program file of the process with this folder in /proc. Undefined for a kernel thread, a process that has ended, and
 * a program on a file system that is closed even to root, as AppImages' are.
 */
export function readImage(folder: string): Image | undefined {
  const link = `${folder}/exe`;
  const path = readLinkBytes(link);
  if (path === undefined) return undefined;
  try {
    // Through the link the kernel opens the very file that runs, wherever it is and whatever its name is now.
    const file = statSync(link, { bigint: true });
    const marked = path.length > deletedMark.length && path.subarray(-deletedMark.length).equals(deletedMark);
    const state = stateOf(path, file, marked);
    const shown = marked && (state === 'deleted' || state === 'memfd') ? path.subarray(0, -deletedMark.length) : path;
    return {
      path: shown.toString('utf8'),
      identity: {
        device: file.dev.toString(),
        inode: file.ino.toString(),
        generation: generationOf(link),
        ctime: file.ctimeNs.toString(),
      },
      state,
    };
  } catch {
    return undefined;
  }
}
