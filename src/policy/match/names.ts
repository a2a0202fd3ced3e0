// The names of a destination: all name patterns of the policy become numbers, and each name met is looked up once.
import type { DestinationName, NameSource } from '#model/attempt.ts';
import { formatName, type NamePattern } from './name.ts';
import type { Matched } from './strings.ts';

/** What a rule asks of a name beside its text. */
export type Sources = ReadonlySet<NameSource> | undefined;

interface Wanted {
  readonly set: number;
  readonly sources: Sources;
}

/** Names remembered; more are looked up anew, so that hostile names cost time but no memory. */
const memorySize = 4096;
const none: readonly Wanted[] = [];

export class NameField {
  readonly #numbers = new Map<string, number>();
  readonly #exact = new Map<string, Wanted[]>();
  /** By the domain that a name must lie below. */
  readonly #below = new Map<string, Wanted[]>();
  readonly #memory = new Map<string, readonly Wanted[]>();

  /** The number of this pattern with this evidence. Only while the policy is compiled. */
  number(pattern: NamePattern, sources: Sources): number {
    const key = `${formatName(pattern)} ${sources === undefined ? '' : [...sources].sort().join(' ')}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const wanted: Wanted = { set: this.#numbers.size, sources };
    this.#numbers.set(key, wanted.set);
    if (pattern.reach !== 'below') file(this.#exact, pattern.domain, wanted);
    if (pattern.reach !== 'exact') file(this.#below, pattern.domain, wanted);
    return wanted.set;
  }

  match(names: readonly DestinationName[]): Matched {
    const found = new Set<number>();
    for (const { name, from } of names) {
      for (const { set, sources } of this.#wanted(name)) {
        if (sources === undefined || sources.has(from)) found.add(set);
      }
    }
    return { list: [...found].sort((a, b) => a - b), has: (set) => found.has(set) };
  }

  #wanted(name: string): readonly Wanted[] {
    const known = this.#memory.get(name);
    if (known !== undefined) return known;
    const wanted = [...(this.#exact.get(name) ?? none)];
    for (let at = name.indexOf('.'); at >= 0; at = name.indexOf('.', at + 1)) {
      wanted.push(...(this.#below.get(name.slice(at + 1)) ?? none));
    }
    if (this.#memory.size >= memorySize) this.#memory.clear();
    this.#memory.set(name, wanted);
    return wanted;
  }
}

function file(map: Map<string, Wanted[]>, domain: string, wanted: Wanted): void {
  const list = map.get(domain);
  if (list === undefined) map.set(domain, [wanted]);
  else list.push(wanted);
}
