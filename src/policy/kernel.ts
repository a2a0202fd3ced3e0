// Kernel rules: what nft can enforce alone, because no rule that it cannot see comes first.
import { type Direction, directions } from '#model/flow.ts';
import type { Prefix } from '#model/net/address.ts';
import { type Scope, scopePrefixes, scopes } from '#model/net/scope.ts';
import type { Clause } from './compile/clause.ts';
import type { Criterion } from './compile/criterion.ts';
import { areDisjoint, prefixWithin } from './compile/overlap.ts';
import { textFields } from './compile/view.ts';
import type { PortRange } from './match/destination.ts';
import { codeHasPorts, packetCode } from './match/protocol.ts';

/**
 * All given conditions must hold; a list holds when one of its items does. A condition that is left out holds always.
 * `ports` are of the destination (local for `in`), and come with the protocols that have ports.
 */
export interface KernelRule {
  /** The rule it comes from; one rule may give several. */
  readonly name: string;
  readonly action: 'allow' | 'reject' | 'drop';
  readonly direction: Direction;
  /** Only for `out`, where the kernel knows the owner. */
  readonly uids?: readonly number[];
  readonly gids?: readonly number[];
  /** IP protocol numbers. */
  readonly protocols?: readonly number[];
  /** With `protocols` being ICMP alone or ICMPv6 alone. */
  readonly icmpTypes?: readonly number[];
  readonly ports?: readonly PortRange[];
  readonly remote?: readonly Prefix[];
  readonly local?: readonly Prefix[];
  /** The remote address is in none of these. */
  readonly notRemote?: readonly Prefix[];
  readonly interfaces?: readonly string[];
}

/** `clauses` in the order of evaluation, which the result keeps. */
export function kernelRulesOf(clauses: readonly Clause[]): readonly KernelRule[] {
  return directions.flatMap((_, direction) => {
    const here = clauses.filter((clause) => clause.direction === direction && !isEmpty(clause));
    const unseen = new Unseen(here.filter(({ rule }) => rule.action === 'log'));
    const answers = new Unseen(here.filter(({ rule }) => rule.origin === 'answer'));
    const result: KernelRule[] = [];
    for (const clause of here) {
      const { action, origin } = clause.rule;
      if (action === 'log' || origin === 'answer') continue;
      const rules = kernelRulesFor(clause);
      const answered = origin === 'builtin' && answers.mayMatch(clause);
      if (rules !== undefined && !answered && !unseen.mayMatch(clause)) result.push(...rules);
      else unseen.add(clause);
    }
    return result;
  });
}

/** Whether a test of the clause can never hold: a user that does not exist, another network. */
function isEmpty(clause: Clause): boolean {
  return clause.tests.some((test) => {
    if (test.kind === 'where') return !test.holds;
    return (test.kind === 'uid' || test.kind === 'gid') && test.ids.size === 0;
  });
}

/** Comparisons of one policy; beyond it every further rule is left to user space, so that no policy takes seconds. */
const budget = 400_000;

/** The clauses that only user space can judge, one for each set of flows they may match. */
class Unseen {
  #left = budget;
  /** Built-in rules allow, each in its way: which of them allows a flow makes no difference, so they hide no other built-in rule. */
  readonly #builtin = new Map<string, Clause>();
  readonly #others = new Map<string, Clause>();

  constructor(clauses: readonly Clause[]) {
    for (const clause of clauses) this.add(clause);
  }

  add(clause: Clause): void {
    const tests = clause.tests.filter(isOfFlow);
    const key = tests.map(describe).sort().join(' ');
    const clauses = clause.rule.origin === 'builtin' ? this.#builtin : this.#others;
    if (clauses.has('') || clauses.has(key)) return;
    if (key === '') clauses.clear();
    clauses.set(key, { ...clause, tests });
  }

  mayMatch(clause: Clause): boolean {
    return (
      this.#meets(this.#others, clause) || (clause.rule.origin !== 'builtin' && this.#meets(this.#builtin, clause))
    );
  }

  #meets(clauses: ReadonlyMap<string, Clause>, clause: Clause): boolean {
    for (const other of clauses.values()) if (--this.#left < 0 || !areDisjoint(other, clause)) return true;
    return false;
  }
}

const cgroupField = textFields.indexOf('cgroup');
const interfaceField = textFields.indexOf('interface');

/** The tests by which two clauses can be told apart; what they ask of the program says nothing, because the kernel cannot see it. */
function isOfFlow(test: Criterion): boolean {
  switch (test.kind) {
    case 'text':
      return test.field === cgroupField || test.field === interfaceField;
    case 'protocol':
    case 'port':
    case 'prefix':
    case 'scope':
    case 'network':
    case 'uid':
    case 'gid':
    case 'icmp':
      return true;
    case 'kernel':
    case 'seeded':
    case 'groups':
    case 'ancestor':
    case 'args':
    case 'process':
    case 'name':
    case 'list':
    case 'country':
    case 'as':
    case 'where':
      return false;
  }
}

function describe(test: Criterion): string {
  const plain = { ...test, patterns: undefined };
  return JSON.stringify(plain, (_, value) => (value instanceof Set ? [...value].sort((a, b) => a - b) : value));
}

interface Draft {
  uids?: readonly number[];
  gids?: readonly number[];
  protocols?: readonly number[];
  icmpTypes?: readonly number[];
  ports?: readonly PortRange[];
  remote?: readonly Prefix[];
  local?: readonly Prefix[];
  notRemote?: readonly Prefix[];
  interfaces?: readonly string[];
}

/** Undefined when nft cannot say it, or must not decide it alone. */
function kernelRulesFor(clause: Clause): readonly KernelRule[] | undefined {
  const { rule } = clause;
  const { action, name } = rule;
  if (action === 'ask' || action === 'log' || rule.record.rule.log === true || rule.expires !== Infinity) {
    return undefined;
  }
  const direction = directions[clause.direction] as Direction;
  const draft: Draft = {};
  for (const test of clause.tests) if (!narrow(draft, test, direction)) return undefined;
  if (draft.ports !== undefined) {
    const all = draft.protocols ?? [6, 17, 132, 136];
    draft.protocols = all.filter(codeHasPorts);
  }
  const lists = [draft.protocols, draft.ports, draft.remote, draft.local, draft.icmpTypes];
  if (lists.some((list) => list?.length === 0)) return undefined;
  if (draft.icmpTypes === undefined) return [{ name, action, direction, ...draft }];
  const icmp = (draft.protocols ?? [1, 58]).filter((code) => code === 1 || code === 58);
  if (icmp.length === 0 || draft.ports !== undefined) return undefined;
  return icmp.map((code) => ({ name, action, direction, ...draft, protocols: [code] }));
}

/** Adds a test to the draft; false when nft cannot say it. */
function narrow(draft: Draft, test: Criterion, direction: Direction): boolean {
  switch (test.kind) {
    case 'protocol':
      draft.protocols = [...test.codes].filter((code) => code !== packetCode);
      return true;
    case 'port': {
      const destination = direction === 'in' ? 1 : 0;
      if (test.end !== destination) return false;
      draft.ports = draft.ports === undefined ? test.ranges : commonPorts(draft.ports, test.ranges);
      return true;
    }
    case 'prefix':
      return narrowPlace(draft, test.end, [test.prefix]);
    case 'network':
      return narrowPlace(draft, 1, test.prefixes);
    case 'scope': {
      const scope = scopes[test.scope] as Scope;
      if (scope !== 'internet') return narrowPlace(draft, test.end, scopePrefixes[scope]);
      if (test.end === 0) draft.notRemote = Object.values(scopePrefixes).flat();
      return test.end === 0;
    }
    case 'uid':
    case 'gid':
      draft[test.kind === 'uid' ? 'uids' : 'gids'] = [...test.ids].sort((a, b) => a - b);
      return direction === 'out';
    case 'icmp':
      draft.icmpTypes = [...test.types].sort((a, b) => a - b);
      return true;
    case 'text': {
      const values: string[] = [];
      for (const pattern of test.patterns) {
        if (pattern.type !== 'exact') return false;
        values.push(pattern.value);
      }
      // nft knows a cgroup by the id it has when the rule is loaded: one made later under the same path would not match.
      if (test.field !== interfaceField) return false;
      draft.interfaces = values;
      return true;
    }
    case 'where':
      return test.holds;
    case 'groups':
    case 'ancestor':
    case 'args':
    case 'process':
    case 'kernel':
    case 'seeded':
    case 'name':
    case 'list':
    case 'country':
    case 'as':
      return false;
  }
}

function narrowPlace(draft: Draft, end: 0 | 1, prefixes: readonly Prefix[]): boolean {
  const key = end === 0 ? 'remote' : 'local';
  const before = draft[key];
  draft[key] = before === undefined ? prefixes : commonPrefixes(before, prefixes);
  return true;
}

function commonPrefixes(a: readonly Prefix[], b: readonly Prefix[]): Prefix[] {
  return a.flatMap((p) => b.flatMap((q) => (prefixWithin(p, q) ? [p] : prefixWithin(q, p) ? [q] : [])));
}

function commonPorts(a: readonly PortRange[], b: readonly PortRange[]): PortRange[] {
  return a.flatMap(([low, high]) =>
    b.flatMap(([from, to]): PortRange[] => {
      const range: PortRange = [Math.max(low, from), Math.min(high, to)];
      return range[0] <= range[1] ? [range] : [];
    }),
  );
}
