// One rule of nft as pieces, whether it came as JSON or as text: what is looked at, and the values that it may have.

export interface Piece {
  /** `ip daddr`, `meta skuid`, `socket cgroupv2`. */
  readonly left: string;
  readonly not: boolean;
  /** Each a value, a range with a hyphen, or a prefix. `@name` is a set. */
  readonly values: readonly string[];
}

export interface NftRule {
  readonly from: string;
  readonly pieces: readonly Piece[];
  /** `accept`, `drop`, `reject`, `return`, `jump NAME`; undefined where there is none. */
  readonly verdict: string | undefined;
  readonly comment: string | undefined;
  /** What of it cannot be read here. */
  readonly wrong: string | undefined;
}

export interface NftChain {
  readonly name: string;
  readonly from: string;
  readonly type: string | undefined;
  readonly hook: string | undefined;
  readonly priority: number;
  readonly policy: string;
  readonly rules: NftRule[];
}

export interface NftTable {
  readonly family: string;
  readonly name: string;
  readonly chains: Map<string, NftChain>;
  /** Elements of named sets; undefined for what changes by itself. */
  readonly sets: Map<string, readonly string[] | undefined>;
}

/** By the words that nft prints for them. */
const priorities: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};

export function priorityOf(text: string): number {
  const found = /^([a-z]+)?\s*([+-]?\s*\d+)?$/.exec(text.trim());
  const named = found?.[1] ?? '';
  return (
    (Object.hasOwn(priorities, named) ? (priorities[named] ?? 0) : 0) + Number((found?.[2] ?? '0').replaceAll(' ', ''))
  );
}
