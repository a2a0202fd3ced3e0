// What the programs at Unix sockets tell, and which paths they refuse by their text.
import { fail, ok, type Result } from '#std/result.ts';
import { programPin } from '../flows/hooks.ts';
import { layouts } from '../layout.ts';
import type { Libbpf } from '../libbpf.ts';
import { type BpfMap, openPinned } from '../map.ts';
import type { Pins } from '../pins.ts';
import { nameRoom, unixMaps, unixPrograms } from './parts.ts';

const { event_unix: layout } = layouts;
/** sun_path of struct sockaddr_un, include/uapi/linux/un.h. */
const pathRoom = 108;

/** A confined process connects to a Unix socket, or sends to one. */
export interface UnixCall {
  /** Id of the cgroup of its confinement. */
  readonly confined: bigint;
  readonly pid: number;
  /** As it is written in the call; an abstract name begins with a zero. */
  readonly name: Buffer;
  readonly refused: boolean;
  /** Calls of this confinement since the last that was told. */
  readonly untold: number;
}

export function decodeUnixCall(bytes: Buffer, view: DataView, at: number): UnixCall {
  const name = at + layout.name;
  return {
    confined: view.getBigUint64(at + layout.confined, true),
    pid: view.getUint32(at + layout.tgid, true),
    name: Buffer.from(bytes.subarray(name, name + Math.min(view.getUint16(at + layout.length, true), nameRoom))),
    refused: view.getUint16(at + layout.refused, true) === 1,
    untold: view.getUint32(at + layout.untold, true),
  };
}

export class UnixCalls {
  readonly #refused: BpfMap;

  private constructor(refused: BpfMap) {
    this.#refused = refused;
  }

  /** Undefined where this kernel does not take the programs: the supervisor pinned them then. */
  static open(lib: Libbpf, pins: Pins): UnixCalls | undefined {
    if (!pins.has([...unixPrograms.map(programPin), ...Object.keys(unixMaps)])) return undefined;
    return new UnixCalls(openPinned(lib, pins.path('refused_names'), 'refused_names', ...unixMaps.refused_names));
  }

  /** These paths and no others, for those whose confinement is strict. What is too long for a socket's path is left out. */
  refuse(paths: readonly string[]): Result<void> {
    const wanted = new Map<string, Buffer>();
    for (const path of paths.filter((one) => Buffer.byteLength(one) <= pathRoom)) {
      const name = Buffer.alloc(nameRoom);
      name.write(path);
      wanted.set(name.toString('latin1'), name);
    }
    for (const key of [...this.#refused.keys()]) {
      if (!wanted.delete(key.toString('latin1'))) this.#refused.delete(key);
    }
    for (const name of wanted.values()) {
      const written = this.#refused.update(name, Buffer.alloc(4));
      if (!written.ok) return fail(`the kernel cannot be told which sockets it refuses: ${written.error}`);
    }
    return ok(undefined);
  }

  close(): void {
    this.#refused.close();
  }
}
