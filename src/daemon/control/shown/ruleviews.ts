// The rules as they are shown: in the order of the policy, each with its hits and its lifetime.
import type { RuleView } from '#model/api.ts';
import { readHits } from '#store/history.ts';
import type { Journal } from '#store/journal.ts';
import type { PolicyKeeper } from '../policykeeper.ts';

/** `hidden`: the names of those that the asker may not see. */
export function ruleViews(
  { keeper, journal }: { readonly keeper: PolicyKeeper; readonly journal: Journal },
  hidden: ReadonlySet<string>,
): RuleView[] {
  const hits = readHits(journal);
  const lifetimes = new Map(keeper.records.map((record) => [record.rule.name, record.lifetime ?? null]));
  const shown = keeper.policy.ordered.filter(({ name }) => !hidden.has(name));
  return shown.map((rule) => ({
    name: rule.name,
    action: rule.action,
    origin: rule.origin,
    priority: rule.priority,
    enabled: rule.enabled,
    hits: hits.get(rule.name)?.hits ?? 0,
    lastHit: hits.get(rule.name)?.lastHit ?? null,
    expires: rule.expires,
    lifetime: lifetimes.get(rule.name) ?? null,
    source: rule.source,
    shadowedBy: rule.shadowedBy.filter((name) => !hidden.has(name)),
    text: rule.text,
    rule: rule.rule,
  }));
}
