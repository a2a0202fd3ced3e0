// A plan and a difference of rules, for people.
import type { ChangedRule, PolicyPlan } from '#model/shown/policyfiles.ts';
import { formatDiagnostic } from '#policy/index.ts';
import { paint, safe } from '../output.ts';
import { formatReplay } from '../rules/replay.ts';

const shownGroups = 20;

const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`;

/** A line for each rule that comes, goes or becomes another; two where both its sentences are needed. */
export function formatRules(rules: readonly ChangedRule[]): string[] {
  return rules.flatMap(({ name, before, after, meaning }) => {
    const said = (text: string | null) => safe(text ?? '');
    if (before === null) return [paint('green', `+ ${safe(name)}: ${said(after)}`)];
    if (after === null) return [paint('red', `- ${safe(name)}: ${said(before)}`)];
    if (!meaning) return [`~ ${safe(name)}: only its note or its tests change`];
    if (before === after) return [paint('yellow', `~ ${safe(name)}: ${said(after)}, otherwise than before`)];
    return [paint('yellow', `~ ${safe(name)}: ${said(before)}`), paint('yellow', `  becomes ${said(after)}`)];
  });
}

export function formatPlan(plan: PolicyPlan, present: string, now = Date.now()): string {
  const { same, files, rules, problems, tests, lint, replay, unlooked } = plan;
  const lines = problems.map((problem) =>
    paint(problem.severity === 'error' ? 'red' : 'yellow', safe(formatDiagnostic(problem))),
  );
  if (same) lines.push(`Nothing would change in ${safe(present)}.`);
  else {
    const texts = files.map(({ file, added, removed }) => `${safe(file)} +${added} −${removed}`);
    lines.push(`In ${safe(present)} ${count(files.length, 'file')} would change: ${texts.join(', ')}.`);
    lines.push(...(rules.length === 0 ? ['No rule would become another.'] : formatRules(rules)));
  }
  for (const { place, message } of tests.failed) {
    lines.push(
      paint('red', `${place === null ? '' : `${safe(place.file)}:${place.line}:${place.column}: `}${safe(message)}`),
    );
  }
  if (tests.passed + tests.failed.length > 0)
    lines.push(`Tests: ${tests.passed} passed, ${tests.failed.length} failed.`);
  for (const { rule, kind, message } of lint)
    lines.push(`${paint('yellow', kind)}: rule "${safe(rule)}": ${safe(message)}`);
  if (replay !== null) lines.push(formatReplay({ ...replay, ...shortened(replay) }, now));
  else if (!same) lines.push(`What happened lately was not looked at: ${safe(unlooked ?? '')}.`);
  return lines.join('\n');
}

function shortened({ groups, more }: NonNullable<PolicyPlan['replay']>) {
  return { groups: groups.slice(0, shownGroups), more: more + Math.max(0, groups.length - shownGroups) };
}
