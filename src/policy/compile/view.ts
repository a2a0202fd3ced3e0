// View: an attempt as integers, filled anew for each decision and never kept. Text fields are looked up when first asked for.
import type { Attempt, DestinationName, NameSource } from '#model/attempt.ts';
import type { Field } from '#model/decision.ts';
import { directions } from '#model/flow.ts';
import type { Address } from '#model/net/address.ts';
import type { Process } from '#model/process.ts';
import { NameField, type Sources } from '../match/names.ts';
import type { Places } from '../match/places.ts';
import { codeHasPorts, protocolCode } from '../match/protocol.ts';
import { scopeIndex } from '../match/scope.ts';
import { type Matched, StringField } from '../match/strings.ts';

/** The text fields, in the order of their numbers. */
export const textFields = [
  'exe',
  'script',
  'sha256',
  'package',
  'unit',
  'container',
  'flatpak',
  'snap',
  'appimage',
  'cgroup',
  'label',
  'interface',
] as const;
export type TextField = (typeof textFields)[number];

export function fieldOfText(index: number): Field {
  const name = textFields[index] as TextField;
  return name === 'interface' ? 'flow.interface' : `process.${name}`;
}

const cgroupIndex = textFields.indexOf('cgroup');

/** The numbering of all patterns of one policy. */
export interface Vocabulary {
  readonly texts: readonly StringField[];
  readonly ancestor: StringField;
  readonly names: NameField;
}

export function newVocabulary(): Vocabulary {
  return {
    texts: textFields.map((_, index) => new StringField(index === cgroupIndex)),
    ancestor: new StringField(),
    names: new NameField(),
  };
}

const nobody: Process = {};
const noNames: Matched = { list: [], has: () => false };

export class View {
  readonly #vocabulary: Vocabulary;
  readonly #matched: (Matched | null | undefined)[] = textFields.map(() => undefined);
  readonly #places: Places;
  #args: string | null | undefined;
  #names: Matched | undefined;
  #listed = new Map<number, ReadonlySet<NameSource | 'address'>>();
  #country: string | null | undefined;
  #network: number | undefined;
  #remoteScope = -1;
  #localScope = -1;
  process: Process = nobody;
  direction = 0;
  protocol = 0;
  hasPorts = false;
  remote: Address | undefined;
  local: Address | undefined;
  /** 0: not known. */
  remotePort = 0;
  localPort = 0;
  /** −1: not known. */
  uid = -1;
  gid = -1;
  pid = -1;
  icmpType = -1;
  interface: string | undefined;
  /** Of the far end. */
  destinationNames: readonly DestinationName[] = [];

  constructor(vocabulary: Vocabulary, places: Places) {
    this.#vocabulary = vocabulary;
    this.#places = places;
  }

  load(attempt: Attempt): void {
    const { flow } = attempt;
    const process = attempt.process ?? nobody;
    this.process = process;
    this.direction = directions.indexOf(flow.direction);
    this.protocol = protocolCode(flow);
    this.hasPorts = codeHasPorts(this.protocol);
    this.remote = flow.remote.address;
    this.local = flow.local?.address;
    this.remotePort = flow.remote.port;
    this.localPort = flow.local?.port ?? 0;
    this.uid = process.uid ?? -1;
    this.gid = process.gid ?? -1;
    this.pid = process.pid ?? -1;
    this.icmpType = flow.icmp?.type ?? -1;
    this.interface = flow.interface;
    this.#matched.fill(undefined);
    this.destinationNames = attempt.names;
    this.#names = undefined;
    if (this.#listed.size > 0) this.#listed.clear();
    this.#country = undefined;
    this.#network = undefined;
    this.#args = undefined;
    this.#remoteScope = -1;
    this.#localScope = -1;
  }

  /** What the patterns of this field say of the value; null when the value is not known or there is none. */
  text(index: number): Matched | null {
    const known = this.#matched[index];
    if (known !== undefined) return known;
    const value = this.value(index);
    const matched =
      value === undefined || value === null ? null : (this.#vocabulary.texts[index] as StringField).match(value);
    this.#matched[index] = matched;
    return matched;
  }

  value(index: number): string | null | undefined {
    const { process } = this;
    switch (textFields[index] as TextField) {
      case 'exe':
        return process.exe;
      case 'script':
        return process.script;
      case 'sha256':
        return process.sha256;
      case 'package':
        return process.package;
      case 'unit':
        return process.unit;
      case 'container':
        return process.container;
      case 'flatpak':
        return process.flatpak;
      case 'snap':
        return process.snap;
      case 'appimage':
        return process.appimage;
      case 'cgroup':
        return process.cgroup;
      case 'label':
        return process.label;
      case 'interface':
        return this.interface;
    }
  }

  /** An ancestor whose program is not known (an empty text) matches nothing. */
  ancestor(name: string): Matched | null {
    return name === '' ? null : this.#vocabulary.ancestor.match(name);
  }

  /** The arguments joined by single spaces. */
  args(): string | null {
    if (this.#args === undefined) this.#args = this.process.args?.join(' ') ?? null;
    return this.#args;
  }

  /** Which name patterns one of the destination's names matches. */
  names(): Matched {
    if (this.#names === undefined) {
      this.#names = this.destinationNames.length === 0 ? noNames : this.#vocabulary.names.match(this.destinationNames);
    }
    return this.#names;
  }

  /** Whether the list has the far end: its address, or one of its names that is known in one of these ways. */
  isListed(list: number, sources: Sources): boolean {
    const hits = this.#hits(list);
    if (sources === undefined) return hits.size > 0;
    for (const source of sources) if (hits.has(source)) return true;
    return false;
  }

  #hits(list: number): ReadonlySet<NameSource | 'address'> {
    const known = this.#listed.get(list);
    if (known !== undefined) return known;
    const hits = new Set<NameSource | 'address'>();
    if (list >= 0) {
      if (this.#places.listHasAddress(list, this.remote as Address)) hits.add('address');
      for (const { name, from } of this.destinationNames) {
        if (!hits.has(from) && this.#places.listHasName(list, name)) hits.add(from);
      }
    }
    this.#listed.set(list, hits);
    return hits;
  }

  country(): string | null {
    if (this.#country === undefined) this.#country = this.#places.country(this.remote as Address) ?? null;
    return this.#country;
  }

  /** Of the autonomous system; 0 where it is not known. */
  network(): number {
    this.#network ??= this.#places.network(this.remote as Address) ?? 0;
    return this.#network;
  }

  scope(end: End): number {
    if (end === remoteEnd) {
      if (this.#remoteScope < 0) this.#remoteScope = scopeIndex(this.remote as Address);
      return this.#remoteScope;
    }
    if (this.local === undefined) return -1;
    if (this.#localScope < 0) this.#localScope = scopeIndex(this.local);
    return this.#localScope;
  }

  address(end: End): Address | undefined {
    return end === remoteEnd ? this.remote : this.local;
  }

  port(end: End): number {
    return end === remoteEnd ? this.remotePort : this.localPort;
  }
}

export type End = 0 | 1;
export const remoteEnd: End = 0;
export const localEnd: End = 1;
