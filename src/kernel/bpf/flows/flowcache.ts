// The kernel's flow cache, as user space fills it: a decision under the fields that it rests on, for one generation of the policy.
import type { Caller } from '#engine/types.ts';
import type { Decision } from '#model/decision.ts';
import type { Flow } from '#model/flow.ts';
import type { Address } from '#model/net/address.ts';
import { refusalErrnos } from '#model/rule.ts';
import type { FlowMask } from '#policy/cache/mask.ts';
import type { KernelConfig } from '../config.ts';
import { layouts } from '../layout.ts';
import type { BpfMap } from '../map.ts';
import { directionCode, writeAddress } from './flowbytes.ts';
import { flowLayouts, maskFields, verdictCodes } from './layout.ts';
import { fieldsOf, fillBits, Masks } from './masks.ts';
import { NamedEntries } from './namedentries.ts';
import { type Numbered, RuleNumbers } from './rulenumbers.ts';

const { entry_key: keyLayout, entry: entryLayout, mask: maskLayout } = flowLayouts;
const { exe: exeLayout, owner: ownerLayout, process: processLayout } = layouts;

export interface CacheMaps {
  readonly flows: BpfMap;
  readonly masks: BpfMap;
  readonly hits: BpfMap;
}

/** What becomes known to the kernel: who, what flow, and what of both the decision rests on. */
export interface Lesson {
  readonly caller: Caller;
  readonly flow: Flow;
  readonly mask: FlowMask;
  readonly decision: Decision;
  /** Milliseconds from now until the decision may be another one; Infinity: never under this policy. */
  readonly lifetimeMs: number;
}

export interface CacheCounts {
  /** Decisions written into the kernel. */
  taught: number;
  /** Decisions that found no room: too many different masks, or the kernel refused. */
  untaught: number;
}

/** The hit counters are read this far below the kernel's clock, so that no entry outlives its rule by rounding. */
const clockMarginMs = 20;

export class FlowCache {
  readonly #maps: CacheMaps;
  readonly #config: KernelConfig;
  readonly #masks: Masks;
  readonly #numbers = new RuleNumbers();
  readonly #named = new NamedEntries();
  readonly #hitsSeen = new Map<number, number>();
  readonly #bootMs: () => number;
  readonly #key = Buffer.alloc(keyLayout.size);
  readonly #entry = Buffer.alloc(entryLayout.size);
  readonly #index = Buffer.alloc(4);
  readonly #count = Buffer.alloc(8);
  readonly counts: CacheCounts = { taught: 0, untaught: 0 };

  /** `bootMs`: milliseconds of CLOCK_BOOTTIME. */
  constructor(maps: CacheMaps, config: KernelConfig, bootMs: () => number) {
    this.#maps = maps;
    this.#config = config;
    this.#bootMs = bootMs;
    this.#masks = new Masks(
      (index, value) => {
        this.#index.writeUInt32LE(index);
        this.#maps.masks.update(this.#index, value);
      },
      (count) => this.#config.set('masks', count),
    );
  }

  /**
   * Writes the decision for `generation`, which may be the next one: nothing of it is found before `swap`. Whether there was
   * room for it. Only `allow`, `reject` and `drop` can be taught.
   */
  teach({ caller, flow, mask, decision, lifetimeMs }: Lesson, generation: number): boolean {
    const { action } = decision;
    if (action === 'ask') return false;
    const numbered = this.#numbered(decision, action);
    const place = this.#masks.place(mask, flow);
    if (numbered === undefined || place === undefined) {
      this.counts.untaught += 1;
      return false;
    }
    this.#writeKey(caller, flow, mask, generation, place);
    const entry = this.#entry.fill(0);
    if (lifetimeMs !== Number.POSITIVE_INFINITY) {
      const ends = Math.max(1, this.#bootMs() + lifetimeMs - clockMarginMs);
      entry.writeBigUInt64LE(BigInt(Math.floor(ends * 1000)) * 1000n, entryLayout.expires);
    }
    entry.writeUInt32LE(numbered.number, entryLayout.rule);
    entry[entryLayout.verdict] = verdictCodes[action];
    entry[entryLayout.by_mode] = decision.by === 'mode' ? 1 : 0;
    if (decision.errno !== undefined) entry.writeUInt16LE(refusalErrnos[decision.errno], entryLayout.error);
    if (mask.names) {
      entry.writeUInt32LE(1, entryLayout.by_names);
      this.#named.add(flow.remote.address, Buffer.from(this.#key), (key) => this.#maps.flows.delete(key));
    }
    const written = this.#maps.flows.update(this.#key, entry);
    this.counts[written.ok ? 'taught' : 'untaught'] += 1;
    return written.ok;
  }

  #writeKey(caller: Caller, flow: Flow, mask: FlowMask, generation: number, place: number): void {
    const key = this.#key.fill(0);
    const fields = fieldsOf(mask);
    const from = Buffer.from(caller.buffer, caller.byteOffset, caller.byteLength);
    const exe = ownerLayout.process + processLayout.exe;
    const copy = (to: number, at: number, length: number) => from.copy(key, to, at, at + length);
    if ((fields & maskFields.exe) !== 0) {
      copy(keyLayout.exe_ino, exe + exeLayout.ino, 8);
      copy(keyLayout.exe_ctime, exe + exeLayout.ctime, 8);
      copy(keyLayout.exe_name, exe + exeLayout.name, 8);
      copy(keyLayout.exe_dev, exe + exeLayout.dev, 4);
      copy(keyLayout.exe_generation, exe + exeLayout.generation, 4);
      copy(keyLayout.exe_mount, exe + exeLayout.mount, 4);
    }
    // In the place of the file, which is never compared with it.
    if ((fields & maskFields.local) !== 0) writeAddress(key, keyLayout.exe_ino, flow.local?.address);
    if ((fields & maskFields.process) !== 0) {
      copy(keyLayout.exec, ownerLayout.process + processLayout.exec, 8);
      copy(keyLayout.tgid, ownerLayout.tgid, 4);
    }
    if ((fields & maskFields.uid) !== 0) copy(keyLayout.uid, ownerLayout.uid, 4);
    if ((fields & maskFields.gid) !== 0) copy(keyLayout.gid, ownerLayout.gid, 4);
    if ((fields & maskFields.cgroup) !== 0) copy(keyLayout.cgroup, ownerLayout.cgroup, 8);
    if ((fields & maskFields.protocol) !== 0) key[keyLayout.protocol] = flow.protocolNumber;
    if ((fields & maskFields.port) !== 0) {
      key.writeUInt16LE((flow.direction === 'in' ? flow.local?.port : flow.remote.port) ?? 0, keyLayout.port);
    }
    const { address } = flow.remote;
    const bits = Buffer.alloc(maskLayout.fields);
    fillBits(bits, 0, address.family, mask.remoteBits);
    writeAddress(key, keyLayout.remote, address);
    for (let at = 0; at < 16; at++) (key[keyLayout.remote + at] as number) &= bits[at] as number;
    key.writeUInt32LE(generation >>> 0, keyLayout.generation);
    key[keyLayout.shape] = place | (directionCode(flow) << 6) | (address.family === 6 ? 32 : 0);
  }

  #numbered(decision: Decision, action: Numbered['action']): Numbered | undefined {
    const numbered = this.#numbers.of(decision, action);
    // What the kernel counted before, for an earlier gate's rule of this number, is not counted again.
    if (numbered !== undefined && !this.#hitsSeen.has(numbered.number)) {
      this.#hitsSeen.set(numbered.number, this.#hitsOf(numbered.number));
    }
    return numbered;
  }

  #hitsOf(number: number): number {
    this.#index.writeUInt32LE(number);
    return this.#maps.hits.lookup(this.#index, this.#count) ? Number(this.#count.readBigUInt64LE()) : 0;
  }

  /** The names of this address changed: what rested on them is not known any more. */
  forgetNamed(address: Address): void {
    for (const key of this.#named.take(address)) this.#maps.flows.delete(key);
  }

  get generation(): number {
    return this.#config.get('generation');
  }

  /** From here on only what was taught for this generation is found. */
  swap(generation: number): void {
    this.#config.set('generation', generation);
    this.#named.keep(generation);
  }

  /** Before a generation is taught: forgets masks that older ones used, when they take too much of the room. */
  makeRoom(): void {
    if (this.#masks.size > 16) this.#masks.clear();
  }

  /** What a number in an event stands for; undefined for one that another gate gave. */
  numbered(number: number): Numbered | undefined {
    return this.#numbers.get(number);
  }

  /** Hits since the last call, by what was hit. */
  takeHits(): readonly { readonly what: Numbered; readonly hits: number }[] {
    return this.#numbers.all().flatMap((what) => {
      const now = this.#hitsOf(what.number);
      const hits = now - (this.#hitsSeen.get(what.number) ?? now);
      this.#hitsSeen.set(what.number, now);
      return hits > 0 ? [{ what, hits }] : [];
    });
  }
}
