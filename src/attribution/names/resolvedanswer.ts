// From an answer that systemd-resolved gave somebody to what it teaches: names for all, since it does not say who asked.
import type { ResolvedAnswer } from '#wire/varlink/monitor.ts';
import { followChain } from './chain.ts';
import type { Lesson } from './namebook.ts';

/** Lessons of one answer: more than an answer with as many addresses as a chain may find has, and half a dozen aliases. */
export const maxLessons = 1024;

/** What `answer` proves, and how much more there would have been. */
export function lessonsOf(answer: ResolvedAnswer): { readonly lessons: readonly Lesson[]; readonly notTaken: number } {
  const lessons: Lesson[] = [];
  let notTaken = answer.notTaken;
  for (const question of answer.questions) {
    const chain = followChain(question, answer.records);
    notTaken += chain.notTaken;
    // Where resolved had to ask anew for what an alias leads to, the alias is a question asked before (dns_query_cname_redirect).
    const aliases = answer.aliases.filter(
      ({ type, class: inClass }) => type === question.type && inClass === question.class,
    );
    const names = new Set([question.name, ...aliases.map(({ name }) => name)]);
    for (const { address, ttl, canonical = question.name } of chain.found) {
      for (const name of names) {
        if (lessons.length === maxLessons) {
          notTaken += 1;
          continue;
        }
        lessons.push({
          ...{ name, address, ttl, from: 'resolved', asker: undefined, server: undefined, ownServer: false },
          canonical: canonical === name ? undefined : canonical,
        });
      }
    }
  }
  return { lessons, notTaken };
}
