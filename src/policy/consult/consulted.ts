// Consulted: what a decision was made from. Any attempt that agrees with the decided one on all of it gets the same decision.
import { type Field, fields } from '#model/decision.ts';
import type { Direction } from '#model/flow.ts';

export interface Consulted {
  /** What the executable file alone fixes: path, hash, package, and that it is no traffic of the kernel's own. */
  readonly executable: boolean;
  /** What is fixed from a process's exec to its exit: script, arguments, ancestors, the process itself, whether it is seeded, what its cgroup tells. */
  readonly process: boolean;
  /** What may change while a process runs and the kernel cannot compare: supplementary groups, security label. */
  readonly volatile: boolean;
  readonly uid: boolean;
  readonly gid: boolean;
  /** The cgroup, or what its path tells: unit, container, Flatpak, Snap. */
  readonly cgroup: boolean;
  readonly protocol: boolean;
  readonly remotePort: boolean;
  readonly localPort: boolean;
  readonly icmpType: boolean;
  /** The name of the interface. */
  readonly interface: boolean;
  /** Of the interface no more than whether it is lo. */
  readonly loopback: boolean;
  readonly localAddress: boolean;
  /** The names of the far end, as this process knows them. */
  readonly names: boolean;
  /** How many leading bits of the remote address, 0–32 or 0–128; its family always counts. */
  readonly remoteBits: number;
  /** A consulted fact of the process that is not known: the decision may be another once it is. */
  readonly unknown: Field | undefined;
  /** Milliseconds since 1970 from which on the decision may be another because a rule expires; Infinity when none does. */
  readonly expires: number;
}

/** What settles that a test holds or does not hold. */
export interface Reason {
  /** A set of fields, as `bit` makes it. */
  readonly fields: number;
  /** How many leading bits of the remote address, where its field is among them. */
  readonly bits: number;
  /** False when a fact of the process is not known. */
  readonly known: boolean;
  /** Of the interface, if it is among the fields, no more counts than whether it is lo. */
  readonly loopback?: true;
}

/** Sets of fields are numbers with one bit for each. */
export function bit(...list: readonly Field[]): number {
  return list.reduce((set, name) => set | (1 << fields.indexOf(name)), 0);
}

const ofExecutable = bit('process.exe', 'process.sha256', 'process.package', 'process.kernel');
const ofCgroup = bit('process.unit', 'process.container', 'process.flatpak', 'process.snap');
const ofExec = bit(
  'process.pid',
  'process.script',
  'process.appimage',
  'process.ancestors',
  'process.args',
  'process.seeded',
);
const ofProcess = ofExec | ofCgroup;
const uid = bit('process.uid');
const gid = bit('process.gid');
const cgroup = bit('process.cgroup');
const changing = bit('process.groups', 'process.label');
const protocol = bit('flow.protocol');
const remotePort = bit('flow.remote.port');
const localPort = bit('flow.local.port');
const icmpType = bit('flow.icmp');
const interfaces = bit('flow.interface');
const localAddress = bit('flow.local.address');
const names = bit('names');

/** How much a field narrows an entry of the cache; those that no entry can hold are the last resort. */
const weights: Readonly<Partial<Record<Field, number>>> = {
  'flow.direction': 0,
  // The policy is of one network: no entry outlives it.
  'machine.network': 0,
  'flow.remote.address': 1,
  'process.exe': 1,
  'process.sha256': 1,
  'process.package': 1,
  'process.kernel': 1,
  'flow.protocol': 2,
  'process.uid': 4,
  'process.gid': 5,
  'process.cgroup': 8,
  'process.script': 10,
  'process.appimage': 10,
  'process.ancestors': 10,
  'process.args': 10,
  'process.pid': 10,
  'process.seeded': 10,
  'process.unit': 12,
  'process.container': 12,
  'process.flatpak': 12,
  'process.snap': 12,
  // It makes an entry one of this process and this address.
  names: 18,
};
const ownPort = 3;
const loopback = 6;
const firstRemoteBit = 5;
const nowhereCached = 100;
const notKnown = 1000;

/** Collects reasons, and says which of several would add least. */
export class Notes {
  readonly #direction: Direction;
  #fields = 0;
  /** Fields that add nothing to an entry, because it compares a level that fixes them already. */
  #fixed = 0;
  #bits = 0;
  #unknown = 0;
  #expires = Infinity;
  #interfaceByName = false;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  note({ fields: more, bits, known, loopback }: Reason): void {
    if ((more & interfaces) !== 0 && loopback === undefined) this.#interfaceByName = true;
    this.#fields |= more;
    this.#bits = Math.max(this.#bits, bits);
    if (!known) this.#unknown |= more;
    if ((this.#fields & ofExecutable) !== 0) this.#fixed |= ofExecutable;
    if ((this.#fields & ofProcess) !== 0) this.#fixed |= ofExecutable | ofExec;
    if ((this.#fields & (cgroup | ofCgroup)) !== 0) this.#fixed |= cgroup;
    if ((this.#fixed & ofExec) !== 0 && (this.#fixed & cgroup) !== 0) this.#fixed |= ofCgroup;
  }

  /** A rule that plays a part holds until then. */
  until(expires: number): void {
    this.#expires = Math.min(this.#expires, expires);
  }

  /** How much narrower an entry becomes by this reason; 0 when all of it is noted. */
  cost({ fields: wanted, bits, known, loopback }: Reason): number {
    let cost = known || (this.#unknown & wanted) !== 0 ? 0 : notKnown;
    if (bits > this.#bits) cost += firstRemoteBit + (bits - this.#bits) / 128;
    if ((wanted & interfaces) !== 0) cost += this.#costOfInterface(loopback === true);
    for (let rest = wanted & ~this.#fields & ~interfaces; rest !== 0; rest &= rest - 1) {
      const index = 31 - Math.clz32(rest & -rest);
      cost += ((this.#fixed >>> index) & 1) === 1 ? 0.01 : this.#weight(fields[index] as Field);
    }
    return cost;
  }

  #costOfInterface(onlyLoopback: boolean): number {
    if (!onlyLoopback) return this.#interfaceByName ? 0 : nowhereCached;
    return (this.#fields & interfaces) !== 0 ? 0 : loopback;
  }

  #weight(field: Field): number {
    const own = this.#direction === 'in' ? 'flow.local.port' : 'flow.remote.port';
    return field === own ? ownPort : (weights[field] ?? nowhereCached);
  }

  /** The fields themselves, in alphabetical order. */
  fields(): readonly Field[] {
    return namesOf(this.#fields).sort();
  }

  consulted(): Consulted {
    const set = this.#fields;
    return {
      executable: (set & ofExecutable) !== 0,
      process: (set & ofProcess) !== 0,
      volatile: (set & changing) !== 0,
      uid: (set & uid) !== 0,
      gid: (set & gid) !== 0,
      cgroup: (set & (cgroup | ofCgroup)) !== 0,
      protocol: (set & protocol) !== 0,
      remotePort: (set & remotePort) !== 0,
      localPort: (set & localPort) !== 0,
      icmpType: (set & icmpType) !== 0,
      interface: this.#interfaceByName,
      loopback: (set & interfaces) !== 0 && !this.#interfaceByName,
      localAddress: (set & localAddress) !== 0,
      names: (set & names) !== 0,
      remoteBits: this.#bits,
      unknown: this.#unknown === 0 ? undefined : namesOf(this.#unknown)[0],
      expires: this.#expires,
    };
  }
}

function namesOf(set: number): Field[] {
  return fields.filter((_, index) => ((set >>> index) & 1) === 1);
}
