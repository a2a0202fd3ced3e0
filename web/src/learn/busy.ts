// Who asks so often that learning is less trouble than answering.

import type { ClosedPrompt } from '#client/live/fold.ts';
import { rulesOf } from '#client/question/meaning.ts';
import type { PromptView } from '#model/api.ts';
import type { LearnSubject } from '#model/learn/learning.ts';

export interface Busy {
  readonly app: string;
  readonly user: string | null;
  readonly questions: number;
  readonly subject: LearnSubject;
}

const withinMs = 60_000;
/** More than so many questions in that time. */
const manyQuestions = 5;

/** Programs with more than five questions opened in the last minute, the most first; those that no rule can name are left out. */
export function busyApps(open: Iterable<PromptView>, closed: readonly ClosedPrompt[], now: number): readonly Busy[] {
  const recent = [...open, ...closed.map(({ prompt }) => prompt)].filter(({ opened }) => now - opened < withinMs);
  const groups = Map.groupBy(recent, ({ app, user }) => JSON.stringify([app, user]));
  return [...groups.values()]
    .filter((prompts) => prompts.length > manyQuestions)
    .sort((a, b) => b.length - a.length)
    .flatMap((prompts) => {
      const [first] = prompts;
      if (first === undefined) return [];
      const subject = subjectOf(first);
      return subject === undefined ? [] : [{ app: first.app, user: first.user, questions: prompts.length, subject }];
    });
}

/** The app as an answer for all of it would name it. */
export function subjectOf(prompt: PromptView): LearnSubject | undefined {
  const scope = { who: 'app', to: 'any', port: 'any', user: 'user' } as const;
  const made = rulesOf(prompt, { action: 'allow', scope, lifetime: 'always' });
  const [rule] = made.ok ? made.value : [];
  if (rule === undefined) return undefined;
  return { app: rule.app, ...(rule.user !== undefined && { user: rule.user }) };
}
