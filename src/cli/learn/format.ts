// What was learned, for people: a table, a review, and the rules as a file with the reasons beside them.
import { Document } from 'yaml';
import type { LearnedPlace, LearningView, LearnReview, Proposal } from '#model/learn/learning.ts';
import { formatSpan } from '#std/span.ts';
import { formatAge, formatTime, paint, safe, table } from '../output.ts';

export function stateOf({ running, ends, accepted }: LearningView, now: number): string {
  if (running) return `goes on, ${formatSpan(ends - now)} left`;
  if (accepted !== null)
    return `accepted, ${accepted.rules.length === 1 ? '1 rule' : `${accepted.rules.length} rules`}`;
  return 'ended, not reviewed';
}

export function formatLearnings(learnings: readonly LearningView[], now = Date.now()): string {
  if (learnings.length === 0) return 'Nothing was learned yet; begin with: postern learn start --app /usr/bin/…';
  const rows = learnings.map((one) => [
    safe(one.name),
    stateOf(one, now),
    formatTime(one.started),
    safe(one.by),
    safe(one.text),
  ]);
  return table(['NAME', 'STATE', 'STARTED', 'BY', 'WHAT IT IS ABOUT'], rows);
}

/** `api.example.com  12 times, known by sni, last 3 min ago`, with what it stands for where that is more than itself. */
function placeLine({ place, evidence, seen, of, times, last }: LearnedPlace, now: number): string {
  const known = evidence === null ? 'by its address' : `known by ${evidence}`;
  const shown = seen.map(({ text, times: often }) => `${safe(text)} ${often}`);
  const more = of > seen.length ? ` and ${of - seen.length} more` : '';
  const stands = of > 1 || seen[0]?.text !== place ? `: ${shown.join(', ')}${more}` : '';
  return `${safe(place)}  ${times === 1 ? 'once' : `${times} times`}, ${known}, last ${formatAge(last, now)}${stands}`;
}

function formatProposals(proposals: readonly Proposal[], now: number, sign: string): string[] {
  return proposals.flatMap(({ text, places }) => [
    `  ${paint('bold', `${sign} ${safe(text)}`)}`,
    ...places.map((place) => `      ${placeLine(place, now)}`),
  ]);
}

export function formatReview(review: LearnReview, now = Date.now()): string {
  const { learning, proposals, unsaid, connections, leftOut, since } = review;
  const lines = [
    `${safe(learning.name)}: ${stateOf(learning, now)}; about ${safe(learning.text)}`,
    connections === 0
      ? 'Nothing came under it.'
      : `${connections === 1 ? '1 connection' : `${connections} connections`}, which ${proposals.length === 1 ? 'this rule covers' : `these ${proposals.length} rules cover`}:`,
    ...formatProposals(proposals, now, '+'),
    ...unsaid.map(({ text, times }) =>
      paint('yellow', `  No rule for ${times === 1 ? 'one' : times} of them: ${safe(text)}`),
    ),
    ...(leftOut > 0 ? [paint('yellow', `  ${leftOut} older connections were not looked at.`)] : []),
  ];
  if (since === null) {
    if (proposals.length > 0) lines.push(`Accept them with: postern learn accept "${safe(learning.name)}"`);
    return lines.join('\n');
  }
  const quiet = since.departures.length === 0;
  lines.push(
    quiet ? 'Since it was accepted, nothing departed from it.' : 'Since it was accepted, this was not allowed:',
  );
  lines.push(...formatProposals(since.departures, now, '+'));
  for (const name of since.unused) lines.push(`  - nothing came under "${safe(name)}" since`);
  return lines.join('\n');
}

/** The proposals as a rule file, to be edited; comments say what each place stands for. */
export function rulesFile({ learning, proposals, since }: LearnReview, now = Date.now()): string {
  const chosen = since === null ? proposals : since.departures;
  const head = ` Learned by "${safe(learning.name)}". Change what you like, then: postern learn accept NAME --rules FILE`;
  return proposalsFile(chosen, head, (place) => placeLine(place, now));
}

/** Proposals as the text of a rule file, with a comment before it and a line for each place. Both must be escaped already. */
export function proposalsFile(
  proposals: readonly Proposal[],
  head: string,
  lineOf: (place: LearnedPlace) => string,
): string {
  const document = new Document({ rules: proposals.map(({ rule }) => rule) });
  document.commentBefore = head;
  proposals.forEach(({ places }, at) => {
    const item = document.getIn(['rules', at], true) as { commentBefore?: string };
    item.commentBefore = places.map((place) => ` ${lineOf(place)}`).join('\n');
  });
  return document.toString({ lineWidth: 120 });
}
