// What a rule would have done, as a sentence.
import type { RulePreview } from './history.ts';

const were = { allow: 'were allowed', reject: 'were refused', drop: 'were dropped', ask: 'were asked about' } as const;
const wouldBe = { allow: 'allowed', reject: 'refused', drop: 'dropped', ask: 'asked about' } as const;

const connections = (count: number) => (count === 1 ? '1 connection' : `${count.toLocaleString('en')} connections`);
const days = (count: number) => (count === 1 ? 'of the last day' : `of the last ${count} days`);

/**
 * `would have matched 14 connections of the last 7 days: 3 that were refused would be allowed`; without what stands before it.
 * `brief`: only how many, where nobody knows yet what would become of them.
 */
export function formatPreview(preview: RulePreview, brief = false): string {
  const { matched, decided, changes, looked, stoppedAt } = preview;
  const said = changes.map(
    ({ was, would, connections: count }) =>
      `${count.toLocaleString('en')} that ${were[was]} would be ${wouldBe[would]}`,
  );
  const others = matched - decided;
  if (others > 0) {
    const all = others === matched ? 'all of them' : `${others.toLocaleString('en')} of them`;
    said.push(`${all} have a rule that goes before it`);
  }
  // A `log` rule decides nothing, so that nothing changes by it.
  else if (matched > 0 && changes.length === 0) said.push('nothing would have become otherwise');
  const result = `would have matched ${connections(matched)} ${days(preview.days)}${brief || said.length === 0 ? '' : `: ${said.join('; ')}`}`;
  if (stoppedAt === null) return result;
  const since = new Date(stoppedAt).toISOString().slice(0, 16).replace('T', ' ');
  return `${result}; only the newest ${looked.toLocaleString('en')} were looked at, back to ${since} UTC`;
}
