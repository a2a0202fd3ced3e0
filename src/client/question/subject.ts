// A connection that was, as something that a rule may be made of.
import type { LogLine } from '#model/api.ts';
import { namesForRules } from '#policy/answer.ts';
import type { Subject } from './meaning.ts';

export function subjectOf({ id, attempt, user, domain }: LogLine): Subject {
  // The line says the domain of its newest name: others are below it, or nobody knows theirs here.
  const isBelow = (name: string) => domain !== null && (name === domain || name.endsWith(`.${domain}`));
  const names = namesForRules(attempt).map(({ name, from }) => ({ name, from, domain: isBelow(name) ? domain : null }));
  return { id, attempt, user, names, lists: [] };
}
