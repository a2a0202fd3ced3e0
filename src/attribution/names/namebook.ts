// The name memory: which names an address has, for whom, by which evidence and until when.
import type { NameSource } from '#model/attempt.ts';
import type { Address } from '#model/net/address.ts';
import type { NameChange, NameEvidence } from '#model/net/name.ts';
import { keyOfAddress } from './addresskey.ts';
import { Deadlines, type Ending } from './deadlines.ts';
import { Shares } from './shares.ts';

/** What is taught. `ttl` in seconds. */
export type Lesson = Facts & { readonly ttl: number };
type Facts = Omit<NameEvidence, 'since' | 'until'>;

export interface NameFilter {
  readonly address?: Address | undefined;
  readonly name?: string | undefined;
  readonly from?: NameSource | undefined;
  /** An asker's key. */
  readonly asker?: string | undefined;
  /** How many at most; all of them when it is left out. */
  readonly limit?: number | undefined;
}

export interface NameLimits {
  /** Pieces of evidence in all. */
  readonly total: number;
  /** Of one asker. */
  readonly perAsker: number;
  /** Of nobody in particular: their room is theirs alone. */
  readonly global: number;
  /** Of one asker for one address, so that a look-up costs no more than this. */
  readonly perAddress: number;
}

export const nameLimits: NameLimits = { total: 65_536, perAsker: 4096, global: 16_384, perAddress: 64 };

/** A program may connect a while after its answer's TTL is over; and with a TTL of zero, at once. */
export const graceMs = 60_000;
export const minTtl = 5;
export const maxTtl = 86_400;
/** Names are shown and sent in texts of this length; a longer one is no host name. */
export const maxNameLength = 255;

interface Entry extends Ending {
  evidence: NameEvidence;
  /** Counts up with each lesson. */
  taught: number;
  readonly group: Group;
  /** In its group. */
  readonly key: string;
}

/** The evidence of one asker for one address. */
interface Group {
  readonly address: string;
  readonly asker: string | undefined;
  /** Least recently taught first. */
  readonly entries: Map<string, Entry>;
  /** The same, newest first, since somebody looked; undefined when it changed since. */
  newest: readonly Entry[] | undefined;
}

type Groups = Map<string | undefined, Group>;

/**
 * Evidence differs by address, asker, name, source and by whether the server was the asker's own: each lives by itself.
 * Time is milliseconds and never goes back. Every evidence that comes or goes is a NameChange; a renewal is none.
 */
export class NameBook {
  readonly #limits: NameLimits;
  readonly #byAddress = new Map<string, Groups>();
  readonly #shares: Shares<Entry>;
  readonly #deadlines = new Deadlines<Entry>();
  #lessons = 0;
  readonly #counts = { evicted: 0, unbound: 0, tooLong: 0 };

  constructor(limits: NameLimits = nameLimits) {
    this.#limits = limits;
    const { total, perAsker, global } = limits;
    this.#shares = new Shares({ total, perOwner: perAsker, unowned: global });
  }

  /** Pieces of evidence. */
  get size(): number {
    return this.#shares.size;
  }

  /**
   * `evicted`: lost because there was no room. Refused: `unbound`, which is not known whose it is and came from a server that
   * nobody configured: it would count for all; `tooLong`, no name that could be shown.
   */
  get counts(): Readonly<Record<'evicted' | 'unbound' | 'tooLong', number>> {
    return this.#counts;
  }

  /** Milliseconds when `expire` has something to do; undefined when never. */
  nextExpiry(): number | undefined {
    return this.#deadlines.next()?.until;
  }

  /** Ends what is over. */
  expire(now: number): readonly NameChange[] {
    const changes: NameChange[] = [];
    for (let entry = this.#deadlines.next(); entry !== undefined && entry.until <= now; ) {
      this.#remove(entry, changes);
      entry = this.#deadlines.next();
    }
    return changes;
  }

  /** Also ends what is over. What was known already is renewed: it ends no earlier than before, and is the newest again. */
  learn(lesson: Lesson, now: number): readonly NameChange[] {
    const changes = this.expire(now) as NameChange[];
    if (lesson.name.length > maxNameLength) {
      this.#counts.tooLong += 1;
    } else if (lesson.asker === undefined && lesson.ownServer) {
      this.#counts.unbound += 1;
    } else {
      const { ttl, ...facts } = lesson;
      this.#put(facts, now, now + Math.min(Math.max(ttl, minTtl), maxTtl) * 1000 + graceMs, changes);
    }
    return changes;
  }

  /** Evidence of an earlier run, as `list` gave it: it ends when it said. */
  recall({ until, since, ...facts }: NameEvidence, now: number): void {
    if (until <= now || until - now > maxTtl * 1000 + graceMs || facts.name.length > maxNameLength) return;
    if (facts.asker === undefined && facts.ownServer) return;
    this.#put(facts, Math.min(since, now), until, []);
  }

  #put(facts: Facts, since: number, until: number, changes: NameChange[]): void {
    const { name, address, from, asker, ownServer } = facts;
    const key = `${from}${ownServer ? '!' : ' '}${name}`;
    const before = this.#byAddress.get(keyOfAddress(address))?.get(asker);
    const known = before?.entries.get(key);
    this.#lessons += 1;
    if (known !== undefined) {
      this.#renew(known, facts, until);
      return;
    }
    if (before !== undefined && before.entries.size >= this.#limits.perAddress) this.#evict(oldestOf(before), changes);
    // Looked for again: what left may have been the last of it.
    const group = this.#groupOf(address, asker);
    const evidence = evidenceOf(facts, since, until);
    const entry: Entry = { evidence, until, place: -1, taught: this.#lessons, group, key };
    const left = this.#shares.add(asker, entry);
    group.entries.set(key, entry);
    group.newest = undefined;
    this.#deadlines.add(entry);
    if (left !== undefined) this.#evict(left, changes);
    changes.push(changeOf('gained', evidence));
  }

  #renew(entry: Entry, facts: Facts, until: number): void {
    const { entries, asker } = entry.group;
    this.#deadlines.move(entry, Math.max(until, entry.until));
    entry.evidence = evidenceOf(facts, entry.evidence.since, entry.until);
    entry.taught = this.#lessons;
    this.#shares.renew(asker, entry);
    entries.delete(entry.key);
    entries.set(entry.key, entry);
    entry.group.newest = undefined;
  }

  #groupOf(address: Address, asker: string | undefined): Group {
    const at = keyOfAddress(address);
    const groups: Groups = this.#byAddress.get(at) ?? new Map();
    this.#byAddress.set(at, groups);
    const group = groups.get(asker) ?? { address: at, asker, entries: new Map<string, Entry>(), newest: undefined };
    groups.set(asker, group);
    return group;
  }

  #evict(entry: Entry | undefined, changes: NameChange[]): void {
    if (entry === undefined) return;
    this.#counts.evicted += 1;
    this.#remove(entry, changes);
  }

  #remove(entry: Entry, changes: NameChange[]): void {
    const { address, asker, entries } = entry.group;
    entries.delete(entry.key);
    entry.group.newest = undefined;
    if (entries.size === 0) {
      const groups = this.#byAddress.get(address);
      groups?.delete(asker);
      if (groups?.size === 0) this.#byAddress.delete(address);
    }
    this.#shares.remove(asker, entry);
    this.#deadlines.remove(entry);
    changes.push(changeOf('lost', entry.evidence));
  }

  /** Whether there is evidence of the address, whomever it counts for. */
  has(address: Address): boolean {
    return this.#byAddress.has(keyOfAddress(address));
  }

  /**
   * What counts for a caller: the evidence of its `askers` (its own run, and whoever may ask for it) and that of nobody in
   * particular, newest first. Evidence of others never shows.
   */
  namesOf(address: Address, askers: readonly string[], now: number): readonly NameEvidence[] {
    const groups = this.#byAddress.get(keyOfAddress(address));
    if (groups === undefined) return none;
    const found: Entry[] = [];
    collect(groups.get(undefined), now, found);
    for (let at = 0; at < askers.length; at++) {
      const asker = askers[at] as string;
      if (askers.indexOf(asker) === at) collect(groups.get(asker), now, found);
    }
    return newestFirst(found);
  }

  /** What a person asks for, for each address newest first. O(n), but for one address. */
  list(filter: NameFilter, now: number): NameEvidence[] {
    const { address, name, from, asker, limit = Number.POSITIVE_INFINITY } = filter;
    const one = address && this.#byAddress.get(keyOfAddress(address));
    const all = address === undefined ? this.#byAddress.values() : one === undefined ? [] : [one];
    const found: NameEvidence[] = [];
    for (const groups of all) {
      const here: Entry[] = [];
      for (const group of groups.values()) collect(group, now, here);
      for (const evidence of newestFirst(here)) {
        const wanted =
          (name === undefined || evidence.name === name) &&
          (from === undefined || evidence.from === from) &&
          (asker === undefined || evidence.asker === asker);
        if (wanted && found.length < limit) found.push(evidence);
      }
      if (found.length >= limit) break;
    }
    return found;
  }
}

const none: readonly NameEvidence[] = [];

function collect(group: Group | undefined, now: number, into: Entry[]): void {
  if (group === undefined) return;
  group.newest ??= [...group.entries.values()].reverse();
  const { newest } = group;
  for (let at = 0; at < newest.length; at++) {
    const entry = newest[at] as Entry;
    if (entry.until > now) into.push(entry);
  }
}

function newestFirst(entries: Entry[]): NameEvidence[] {
  if (entries.length > 1) entries.sort((a, b) => b.taught - a.taught);
  return entries.map(({ evidence }) => evidence);
}

function evidenceOf(lesson: Facts, since: number, until: number): NameEvidence {
  const { name, address, from, asker, server, ownServer, canonical } = lesson;
  return { name, address, from, asker, server, ownServer, canonical, since, until };
}

function oldestOf(group: Group): Entry | undefined {
  return group.entries.values().next().value;
}

function changeOf(kind: NameChange['kind'], { address, asker, name, from }: NameEvidence): NameChange {
  return { kind, address, asker, name, from };
}
