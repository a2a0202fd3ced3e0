// The rules in the order of evaluation, with what was counted of each.
import type { RuleView } from '#model/api.ts';
import { readHits } from '#store/history.ts';
import type { Journal } from '#store/journal.ts';
import type { PolicyKeeper } from '../policykeeper.ts';

/** What others answered says which programs they run and whom these talk to: `uid` does not see it; undefined sees all. */
export function hiddenRules(keeper: PolicyKeeper, uid: number | undefined): ReadonlySet<string> {
  const others = keeper.records.filter(
    ({ origin, rule }) => uid !== undefined && origin === 'answer' && rule.user !== uid,
  );
  return new Set(others.map(({ rule }) => rule.name));
}

export function ruleViews(
  { keeper, journal }: { readonly keeper: PolicyKeeper; readonly journal: Journal },
  uid: number | undefined,
): RuleView[] {
  const hidden = hiddenRules(keeper, uid);
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
