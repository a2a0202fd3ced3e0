// Narrowing: what the comparisons of one OpenSnitch rule ask for together, and the rules that ask for the same.
import { formatPrefix, type Prefix, prefixHolds } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Body } from '../collection.ts';
import { commonRanges, holdsNumber, oneOrMany, portTexts, type Range } from '../ranges.ts';
import { type ProtocolText, protocolTexts } from './values.ts';

type Texts = 'app' | 'ancestor' | 'args' | 'interface';
const families = [4, 6] as const;
type Family = (typeof families)[number];

const everywhere: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

/** Values of one condition at most, as the schema of rules has it. */
const maxValues = 4096;

export class Narrowing {
  readonly #texts = new Map<Texts, string>();
  #protocols: ReadonlySet<ProtocolText> = new Set(protocolTexts);
  #ports: readonly Range[] | undefined;
  #sourcePorts: readonly Range[] | undefined;
  #to: readonly Prefix[] | undefined;
  #from: readonly Prefix[] | undefined;
  #users: readonly Range[] | undefined;
  #userNames: readonly string[] | undefined;
  #names: readonly string[] | undefined;

  /** A condition whose values are patterns, of which a rule can ask for one at a time. */
  text(key: Texts, pattern: string, operand: string): Result<void> {
    const before = this.#texts.get(key);
    if (before !== undefined && before !== pattern) return fail(twice(operand));
    this.#texts.set(key, pattern);
    return ok(undefined);
  }

  protocols(set: ReadonlySet<ProtocolText>): void {
    this.#protocols = new Set([...this.#protocols].filter((text) => set.has(text)));
  }

  ports(set: readonly Range[]): void {
    this.#ports = this.#ports === undefined ? set : commonRanges(this.#ports, set);
  }

  sourcePorts(set: readonly Range[]): void {
    this.#sourcePorts = this.#sourcePorts === undefined ? set : commonRanges(this.#sourcePorts, set);
  }

  to(prefixes: readonly Prefix[]): void {
    this.#to = this.#to === undefined ? prefixes : common(this.#to, prefixes);
  }

  from(prefixes: readonly Prefix[]): void {
    this.#from = this.#from === undefined ? prefixes : common(this.#from, prefixes);
  }

  users(set: readonly Range[]): void {
    this.#users = this.#users === undefined ? set : commonRanges(this.#users, set);
  }

  userName(name: string): Result<void> {
    if (this.#userNames !== undefined && this.#userNames[0] !== name) return fail(twice('user.name'));
    this.#userNames = [name];
    return ok(undefined);
  }

  /** Host names, or one list: a rule asks for one of its names, and cannot ask for two at once. */
  names(names: readonly string[], operand: string): Result<void> {
    if (this.#names !== undefined && this.#names.join() !== names.join()) {
      return fail(`a rule cannot ask for two things about the name of a destination at once, as ${operand} would`);
    }
    this.#names = names;
    return ok(undefined);
  }

  /** What rules must say so that one of them holds where all comparisons do; none where they never hold together. */
  bodies(): Result<Body[]> {
    if (this.#names !== undefined && this.#to !== undefined) {
      return fail('a rule cannot ask for a name or list and for an address at once');
    }
    if (this.#users !== undefined && this.#userNames !== undefined) {
      return fail('a rule cannot ask for user.name and user.id at once');
    }
    const bodies: Body[] = [];
    for (const place of this.#places()) {
      const body = this.#body(place);
      if (!body.ok) return body;
      if (body.value !== undefined) bodies.push(body.value);
    }
    return ok(bodies);
  }

  /** Protocols and families that go together: `tcp` is IPv4 alone, so that only both are all of it. */
  #places(): Place[] {
    const all = this.#protocols.size === protocolTexts.length;
    const withPorts = this.#ports !== undefined || this.#sourcePorts !== undefined;
    const places: Place[] = [];
    const zero = (set: readonly Range[] | undefined) => set === undefined || holdsNumber(set, 0);
    if (!withPorts) places.push(...this.#split(all ? undefined : [...this.#protocols]));
    else {
      const ported = [...this.#protocols].filter((text) => !text.startsWith('icmp'));
      const whole = ported.length === protocolTexts.length - 2;
      if (ported.length > 0) places.push(...this.#split(whole ? undefined : ported, true));
      // Port 0 is what flows without ports have there.
      const portless = [...this.#protocols].filter((text) => text.startsWith('icmp'));
      if (zero(this.#ports) && zero(this.#sourcePorts) && portless.length > 0) places.push(...this.#split(portless));
    }
    return places;
  }

  #split(texts: readonly ProtocolText[] | undefined, ports = false): Place[] {
    if (texts === undefined) return [{ protocols: undefined, family: undefined, ports }];
    const four: string[] = texts.filter((text) => !text.endsWith('6'));
    const six = texts
      .filter((text) => text.endsWith('6'))
      .map((text) => (text === 'icmp6' ? 'icmpv6' : text.slice(0, -1)));
    // ICMP is of one family by itself.
    const inBoth = four.filter((text) => six.includes(text));
    const free = [...inBoth, ...four.filter((text) => text === 'icmp'), ...six.filter((text) => text === 'icmpv6')];
    const places: Place[] = [];
    if (free.length > 0) places.push({ protocols: free, family: undefined, ports });
    for (const [family, all] of [
      [4, four],
      [6, six],
    ] as const) {
      const own = all.filter((text) => !free.includes(text));
      if (own.length > 0) places.push({ protocols: own, family, ports });
    }
    return places;
  }

  #body({ protocols, family, ports }: Place): Result<Body | undefined> {
    const body: Record<string, unknown> = {};
    for (const [key, pattern] of this.#texts) body[key] = pattern;
    const users = this.#userValues();
    if (!users.ok) return users;
    if (users.value !== undefined) {
      if (users.value.length === 0) return ok(undefined);
      body.user = oneOrMany(users.value);
    }
    const of = (prefixes: readonly Prefix[] | undefined) =>
      prefixes?.filter(({ address }) => family === undefined || address.family === family);
    const to = of(this.#to);
    const from = of(this.#from);
    if (to?.length === 0 || from?.length === 0) return ok(undefined);
    if (to !== undefined) body.to = oneOrMany(to.map(formatPrefix));
    else if (this.#names !== undefined) body.to = oneOrMany(this.#names);
    if (protocols !== undefined) body.protocol = oneOrMany(protocols);
    if (family !== undefined && to === undefined && from === undefined) {
      // The two ends of a flow are of one family.
      if (body.to === undefined) body.to = everywhere[family];
      else body.network = everywhere[family];
    }
    const far = ports ? real(this.#ports) : undefined;
    const near = ports ? real(this.#sourcePorts) : undefined;
    if (far?.length === 0 || near?.length === 0) return ok(undefined);
    if (far !== undefined && !allPorts(far)) body.port = oneOrMany(portTexts(far));
    else if (far !== undefined && protocols === undefined) body.protocol = ['tcp', 'udp', 'udplite', 'sctp'];
    const sources = sourcesOf(from, near);
    if (sources !== undefined) body.from = oneOrMany(sources);
    // Flows without ports match no rule that asks for one.
    if (near !== undefined && allPorts(near) && protocols === undefined && body.port === undefined) {
      body.protocol = ['tcp', 'udp', 'udplite', 'sctp'];
    }
    for (const value of Object.values(body)) {
      if (Array.isArray(value) && value.length > maxValues) {
        return fail(`a rule may have ${maxValues} values of one condition, and this would have ${value.length}`);
      }
    }
    return ok(body as Body);
  }

  #userValues(): Result<(string | number)[] | undefined> {
    if (this.#userNames !== undefined) return ok([...this.#userNames]);
    if (this.#users === undefined) return ok(undefined);
    const count = this.#users.reduce((sum, [low, high]) => sum + high - low + 1, 0);
    if (count > maxValues) return fail(`a rule may name ${maxValues} users, and this would be ${count}`);
    return ok(this.#users.flatMap(([low, high]) => Array.from({ length: high - low + 1 }, (_, at) => low + at)));
  }
}

interface Place {
  /** Undefined: all that OpenSnitch sees. */
  readonly protocols: readonly string[] | undefined;
  readonly family: Family | undefined;
  readonly ports: boolean;
}

const twice = (operand: string) =>
  `a rule can ask for ${operand} once, and this asks for two things of it at the same time`;

const real = (set: readonly Range[] | undefined): Range[] | undefined => set && commonRanges(set, [[1, 65_535]]);

const allPorts = (set: readonly Range[]) => set.length === 1 && set[0]?.[0] === 1 && set[0][1] === 65_535;

function sourcesOf(prefixes: readonly Prefix[] | undefined, ports: readonly Range[] | undefined): string[] | undefined {
  const places = prefixes?.map((prefix) => {
    const text = formatPrefix(prefix);
    return prefix.address.family === 6 ? `[${text}]` : text;
  });
  if (ports === undefined || allPorts(ports)) return prefixes?.map(formatPrefix);
  return (places ?? ['any']).flatMap((place) => portTexts(ports).map((port) => `${place}:${port}`));
}

function common(a: readonly Prefix[], b: readonly Prefix[]): Prefix[] {
  const within = (inner: Prefix, outer: Prefix) => inner.length >= outer.length && prefixHolds(outer, inner.address);
  return a.flatMap((p) => b.flatMap((q) => (within(p, q) ? [p] : within(q, p) ? [q] : [])));
}
