// Whether the host has, at a path, the very file that the kernel numbered when a program began.
import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import type { FileIdentity, Image } from '#model/process.ts';
import { Lru } from '#std/lru.ts';
import { layouts } from '../layout.ts';
import { decodeExe, type ExeNumbers } from './decode.ts';

const O_PATH = 0o10000000; // include/uapi/asm-generic/fcntl.h: neither opens a device nor waits for a pipe

/** From stat(2)'s device number to the kernel's own. */
function kernelDevice(device: bigint): number {
  const number = Number(device);
  const major = Math.floor(number / 2 ** 8) & 0xfff;
  const minor = (number & 0xff) | (Math.floor(number / 2 ** 12) & 0xfff00);
  return major * 2 ** 20 + minor;
}

/** And back, in decimal. */
function statDevice(device: number): string {
  const [major, minor] = [device >>> 20, device & 0xfffff];
  return String((minor & 0xff) + major * 2 ** 8 + (minor >>> 8) * 2 ** 20);
}

interface HostFile {
  readonly device: string;
  readonly same: boolean;
}

const maxRemembered = 4096;

export class HostFiles {
  readonly #ownFiles: string;
  /** By what stat(2) says: the same numbers there are the same file here. */
  readonly #numbers = new Lru<string, ExeNumbers>(maxRemembered);

  /** `ownFiles` is the pinned iterator. */
  constructor(ownFiles: string) {
    this.#ownFiles = ownFiles;
  }

  /** The kernel's numbers for the file at this path; undefined when there is none. */
  numbers(path: Buffer | string): ExeNumbers | undefined {
    let fd: number;
    try {
      fd = openSync(path, O_PATH | constants.O_NONBLOCK);
    } catch {
      return undefined;
    }
    try {
      const bytes = readFileSync(this.#ownFiles);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const { size, fd: fdAt, exe } = layouts.own_file;
      for (let at = 0; at + size <= bytes.length; at += size) {
        if (view.getUint32(at + fdAt, true) === fd) return decodeExe(view, at + exe);
      }
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  #compare(path: Buffer, exe: ExeNumbers): HostFile | undefined {
    const file = statOf(path);
    if (file === undefined) return undefined;
    const device = file.dev.toString();
    if (file.ino !== exe.ino) return { device, same: false };
    if (kernelDevice(file.dev) === exe.dev && file.ctimeNs === exe.ctime) return { device, same: true };
    // stat(2) has numbers of its own for btrfs and overlay, and a change of name or mode changes the ctime.
    const seen = `${device} ${file.ino} ${file.ctimeNs}`;
    const now = this.#numbers.get(seen) ?? this.numbers(path);
    if (now !== undefined) this.#numbers.set(seen, now);
    const same =
      now !== undefined &&
      now.ino === exe.ino &&
      now.dev === exe.dev &&
      now.generation === exe.generation &&
      (now.ctime === exe.ctime || exe.generation !== 0);
    return { device, same };
  }

  /**
   * What to say of a program with these numbers that was executed by this path (`foreign`: through a mount that is not the
   * host's). Its file may be gone by now: that the host had it there, the kernel saw.
   */
  image(exe: ExeNumbers, path: Buffer, foreign: boolean): Image {
    const host = path[0] === 0x2f ? this.#compare(path, exe) : undefined;
    const image = (state: Image['state'], device = statDevice(exe.dev)): Image => ({
      path: path[0] === 0x2f ? path.toString('utf8') : `/${path.toString('utf8')}`,
      identity: identityOf(exe, device),
      state,
    });
    if (host !== undefined) return host.same ? image('host', host.device) : image('foreign');
    if (exe.nlink === 0) return image(path[0] === 0x2f ? 'deleted' : 'memfd');
    return image(foreign || path[0] !== 0x2f ? 'foreign' : 'host');
  }
}

function identityOf(exe: ExeNumbers, device: string): FileIdentity {
  return {
    device,
    inode: exe.ino.toString(),
    generation: exe.generation.toString(),
    ctime: exe.ctime.toString(),
  };
}

function statOf(path: Buffer) {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
