// Chains of netfilter as one list of rules each: what other chains say stands where they are jumped to.
import type { Direction } from '#model/flow.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Body, Collection } from '../collection.ts';
import { bodyOf, both, type Match } from './match.ts';

export type Verdict =
  | { readonly type: 'allow' | 'reject' | 'drop' }
  | { readonly type: 'jump'; readonly chain: string }
  | { readonly type: 'return' };

export interface ChainRule {
  /** File and line, or chain and place. */
  readonly from: string;
  readonly name: string;
  /** Any of these; none: the packets of flows that were judged already, which need no rule. */
  readonly matches: Result<readonly Match[]>;
  readonly verdict: Result<Verdict>;
}

export interface BaseChain {
  readonly chain: string;
  readonly direction: Direction;
  readonly policy: 'allow' | 'drop';
  readonly from: string;
  readonly family: 4 | 6 | undefined;
}

const maxDepth = 16;
/** Rules that chains become when they are written out; more is a loop or an attack. */
const maxRules = 100_000;

export class Chains {
  readonly #chains: ReadonlyMap<string, readonly ChainRule[]>;
  readonly #collection: Collection;
  readonly #seen = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #added = new Set<string>();
  #count = 0;

  constructor(chains: ReadonlyMap<string, readonly ChainRule[]>, collection: Collection) {
    this.#chains = chains;
    this.#collection = collection;
  }

  /** Adds the rules of a hook in their order, and at last what its policy refuses. */
  take(base: BaseChain): void {
    this.#walk(base, base.chain, base.family === undefined ? {} : { family: base.family }, 0);
    if (base.policy === 'allow') return;
    this.#collection.trap(
      base.from,
      `${base.chain} refuses what no rule of it accepts; kept so by a last rule, which also refuses what the built-in rules allow`,
    );
    const name = `${base.chain} ${base.policy}`;
    this.#add(base, { from: base.from, name }, base.policy, [base.family === undefined ? {} : { family: base.family }]);
  }

  /** Says which rules decide nothing, after all hooks were taken; `all`: also those of chains to which nothing leads. */
  settle(all: boolean): void {
    for (const from of this.#dead) {
      if (!this.#added.has(from)) this.#collection.leave(from, 'its conditions can never hold together');
    }
    for (const [chain, rules] of all ? this.#chains : []) {
      if (this.#seen.has(chain)) continue;
      for (const { from } of rules)
        this.#collection.leave(from, `nothing leads to its chain ${chain}, so that it decides nothing`);
    }
  }

  #walk(base: BaseChain, chain: string, outer: Match, depth: number): void {
    this.#seen.add(chain);
    const rules = this.#chains.get(chain) ?? [];
    for (const [index, rule] of rules.entries()) {
      this.#count += 1;
      if (this.#count > maxRules) {
        this.#collection.leave(rule.from, `the chains stand for more than ${maxRules} rules; this one is too many`);
        return;
      }
      if (!this.#rule(base, rule, outer, depth)) continue;
      for (const { from } of rules.slice(index + 1))
        this.#collection.leave(from, `it is never reached: ${rule.from} takes everything`);
      return;
    }
  }

  /** True where the rest of the chain is never reached. */
  #rule(base: BaseChain, rule: ChainRule, outer: Match, depth: number): boolean {
    const { from, verdict } = rule;
    if (!rule.matches.ok || !verdict.ok) {
      this.#collection.leave(from, rule.matches.ok ? (verdict.ok ? '' : verdict.error) : rule.matches.error);
      return false;
    }
    if (rule.matches.value.length === 0) {
      this.#collection.trap(from, 'Postern judges a flow once, when it begins, so that its later packets need no rule');
      return false;
    }
    const matches: Match[] = [];
    for (const match of rule.matches.value) {
      const merged = both(outer, match);
      if (!merged.ok) {
        this.#collection.leave(from, merged.error);
        return false;
      }
      matches.push(merged.value);
    }
    const always = rule.matches.value.some((match) => Object.keys(match).length === 0);
    switch (verdict.value.type) {
      case 'return':
        if (always) return true;
        this.#collection.leave(
          from,
          'it returns from its chain for some packets, which no rule can say; write what is meant for these',
        );
        return false;
      case 'jump':
        if (depth >= maxDepth) this.#collection.leave(from, `its chains jump more than ${maxDepth} deep`);
        else if (!this.#chains.has(verdict.value.chain))
          this.#collection.leave(from, `there is no chain ${verdict.value.chain}`);
        else for (const match of matches) this.#walk(base, verdict.value.chain, match, depth + 1);
        return false;
      default:
        this.#add(base, rule, verdict.value.type, matches);
        return always;
    }
  }

  #add(
    base: BaseChain,
    { from, name }: { readonly from: string; readonly name: string },
    action: 'allow' | 'reject' | 'drop',
    matches: readonly Match[],
  ): void {
    const bodies = bodiesOf(matches, base.direction);
    if (!bodies.ok) this.#collection.leave(from, bodies.error);
    else if (bodies.value.length === 0) this.#dead.add(from);
    else {
      this.#added.add(from);
      this.#collection.add({ from, name, action, final: true, bodies: bodies.value });
    }
  }
}

function bodiesOf(matches: readonly Match[], direction: Direction): Result<Body[]> {
  const bodies: Body[] = [];
  for (const match of matches) {
    const body = bodyOf(match, direction);
    if (!body.ok) return fail(body.error);
    if (body.value !== undefined) bodies.push(body.value);
  }
  return ok(bodies);
}
