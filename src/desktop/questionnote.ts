// A question as a notification: who wants to reach whom, what the buttons answer in exact words, and what closing it means.
import { partsOf, placeLine, programLine } from '#client/question/headline.ts';
import { firstScope, meaningOf } from '#client/question/meaning.ts';
import type { PromptView } from '#model/api.ts';
import type { Answer } from '#model/prompt.ts';
import type { Lifetime } from '#model/rule.ts';
import { listsHaving } from '#policy/index.ts';
import { clip, type Note } from './note.ts';

const labels: Readonly<Record<string, string>> = {
  once: 'this once',
  exit: 'until it exits',
  boot: 'until reboot',
  always: 'always',
};

const labelOf = (lifetime: Lifetime): string => labels[lifetime] ?? `for ${lifetime.replace(/m$/, ' min')}`;

/** For this app to this name; where no rule can be made of it, for the waiting connections alone. */
export function answerOf(prompt: PromptView, lifetime: Lifetime): Answer {
  const answer = { action: 'reject' as const, scope: firstScope(prompt), lifetime };
  return meaningOf(prompt, answer).ok ? answer : { ...answer, lifetime: 'once' };
}

/** `version` goes up with each change of the words. */
export function questionNote(prompt: PromptView, lifetime: Lifetime, version: number): Note {
  const { who, verb, whom, service } = partsOf(prompt);
  const answer = answerOf(prompt, lifetime);
  const meaning = meaningOf(prompt, answer);
  const lists = listsHaving(prompt.lists);
  const view = `/ask?why=${encodeURIComponent(`prompt:${prompt.id}`)}`;
  const answered = (action: Answer['action'], given = answer) => ({
    type: 'answer' as const,
    prompt: prompt.id,
    answer: { ...given, action },
  });
  const lines = [
    programLine(prompt).join(' · '),
    placeLine(prompt).join(' · '),
    lists.length === 0 ? '' : `In the ${lists.length === 1 ? 'list' : 'lists'} ${lists.join(', ')}.`,
    // A question whose meaning cannot be said has no buttons for it.
    meaning.ok ? `Allow and Refuse are for ${meaning.value}.` : '',
    'Closing this refuses it this once.',
  ];
  const buttons = meaning.ok
    ? [
        { key: `allow-${version}`, label: `Allow ${labelOf(answer.lifetime)}`, deed: answered('allow') },
        { key: `refuse-${version}`, label: `Refuse ${labelOf(answer.lifetime)}`, deed: answered('reject') },
      ]
    : [];
  return {
    title: `${clip(who, 60)} ${verb} ${clip(whom, 90)}, ${service}`,
    body: lines
      .filter((line) => line !== '')
      .map((line) => clip(line, 300))
      .join('\n'),
    instead: `Answer it in a terminal with: postern ask, or in the pages: postern ui --open`,
    urgency: 'critical',
    expires: prompt.deadline,
    actions: [
      ...buttons,
      { key: 'details', label: 'Details', deed: { type: 'open', view } },
      { key: 'default', label: 'Details', deed: { type: 'open', view } },
    ],
    dismissed: answered('reject', { ...answer, lifetime: 'once' }),
  };
}
