// The rules as people see them: in the order of evaluation, with what the order made of each, and which can never win.
import type { Action, Origin, RuleText, SourcePlace } from '#model/rule.ts';
import type { Clause, CompiledRule } from '../compile/clause.ts';
import { compareNames } from '../compile/order.ts';
import { formatAppRank, formatDestinationRank } from '../compile/specificity.ts';
import { formatRule } from './format.ts';
import { shadowsOf } from './shadow.ts';

export interface OrderedRule {
  readonly name: string;
  readonly action: Action;
  readonly origin: Origin;
  /** The effective priority, after the defaults. */
  readonly priority: number;
  /** Of the rule's most specific app and destination. */
  readonly specificity: { readonly app: string; readonly destination: string; readonly conditions: number };
  /** Milliseconds since 1970; null for ever. */
  readonly expires: number | null;
  readonly enabled: boolean;
  readonly source: SourcePlace | null;
  /** Rules that together leave nothing for this one; empty where that is not proved. */
  readonly shadowedBy: readonly string[];
  readonly rule: RuleText;
  /** The rule in one sentence. */
  readonly text: string;
}

/** Rules that are switched off, or broken, come last. */
export function orderedRules(rules: readonly CompiledRule[], clauses: readonly Clause[]): OrderedRule[] {
  const first = new Map<CompiledRule, Clause>();
  for (const clause of clauses) if (!first.has(clause.rule)) first.set(clause.rule, clause);
  const idle = rules.filter((rule) => !first.has(rule)).sort((a, b) => compareNames(a.name, b.name));
  const shadows = shadowsOf(clauses);
  return [...first.keys(), ...idle].map((rule) => {
    const best = first.get(rule) ?? rule.clauses[0];
    return {
      name: rule.name,
      action: rule.action,
      origin: rule.origin,
      priority: rule.priority,
      specificity: {
        app: formatAppRank(best?.app ?? 0),
        destination: formatDestinationRank(best?.far ?? 0),
        conditions: best?.count ?? 0,
      },
      expires: Number.isFinite(rule.expires) ? rule.expires : null,
      enabled: rule.enabled,
      source: rule.record.source ?? null,
      shadowedBy: shadows.get(rule) ?? [],
      rule: rule.record.rule,
      text: formatRule(rule.record.rule),
    };
  });
}
