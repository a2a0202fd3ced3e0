// Structures in the BTF of a compiled object (Documentation/bpf/btf.rst): name, size, and the offset of each member in bytes.
import { readFileSync } from 'node:fs';

const kinds = {
  int: 1,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  funcProto: 13,
  var: 14,
  datasec: 15,
  declTag: 17,
  enum64: 19,
};

/** Contents of the ELF section (64-bit, little-endian) with this name. */
function section(file: Buffer, wanted: string): Buffer {
  const table = Number(file.readBigUInt64LE(0x28));
  const [entry, count, names] = [0x3a, 0x3c, 0x3e].map((at) => file.readUInt16LE(at)) as [number, number, number];
  const header = (index: number) => file.subarray(table + index * entry);
  const bytesOf = (index: number) => {
    const start = Number(header(index).readBigUInt64LE(0x18));
    return file.subarray(start, start + Number(header(index).readBigUInt64LE(0x20)));
  };
  for (let index = 0; index < count; index++) {
    if (textAt(bytesOf(names), header(index).readUInt32LE(0)) === wanted) return bytesOf(index);
  }
  throw new Error(`the object has no section ${wanted}`);
}

function textAt(bytes: Buffer, at: number): string {
  return bytes.toString('utf8', at, bytes.indexOf(0, at));
}

export interface Struct {
  readonly size: number;
  readonly members: Readonly<Record<string, number>>;
}

/** By name; those of the same name (CO-RE's) overwrite each other. */
export function structsOf(path: string): ReadonlyMap<string, Struct> {
  const btf = section(readFileSync(path), '.BTF');
  const headerLength = btf.readUInt32LE(4);
  const types = btf.subarray(headerLength + btf.readUInt32LE(8)).subarray(0, btf.readUInt32LE(12));
  const names = btf.subarray(headerLength + btf.readUInt32LE(16));
  const structs = new Map<string, Struct>();
  for (let at = 0; at < types.length; ) {
    const info = types.readUInt32LE(at + 4);
    const [kind, count] = [(info >>> 24) & 0x1f, info & 0xffff];
    const start = at + 12;
    if (kind === kinds.struct) {
      const members: Record<string, number> = {};
      for (let member = 0; member < count; member++) {
        const place = start + member * 12;
        members[textAt(names, types.readUInt32LE(place))] = (types.readUInt32LE(place + 8) & 0xffffff) / 8;
      }
      structs.set(textAt(names, types.readUInt32LE(at)), { size: types.readUInt32LE(at + 8), members });
    }
    at = start + bodyBytes(kind, count);
  }
  return structs;
}

function bodyBytes(kind: number, count: number): number {
  if (kind === kinds.int || kind === kinds.var || kind === kinds.declTag) return 4;
  if (kind === kinds.array) return 12;
  if (kind === kinds.struct || kind === kinds.union || kind === kinds.datasec || kind === kinds.enum64)
    return count * 12;
  return kind === kinds.enum || kind === kinds.funcProto ? count * 8 : 0;
}
