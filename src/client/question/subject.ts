// A connection that was, as something that a rule may be made of.
import type { LogLine } from '#model/api.ts';
import { namesForRules } from '#policy/answer.ts';
import type { Subject } from './meaning.ts';

export function subjectOf({ id, attempt, user }: LogLine, domainOf: (name: string) => string | undefined): Subject {
  const names = namesForRules(attempt).map(({ name, from }) => ({ name, from, domain: domainOf(name) ?? null }));
  return { id, attempt, user, names, lists: [] };
}
