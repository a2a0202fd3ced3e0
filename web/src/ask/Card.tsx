// One question: who wants to reach whom, what is known of both, what the answer is for, and the answer.
import { Link } from '@tanstack/react-router';
import { Ban, Check, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { headline, partsOf, placeLine, programLine } from '#client/question/headline.ts';
import { firstScope, lifetimeChoices, meaningOf } from '#client/question/meaning.ts';
import type { PromptView } from '#model/api.ts';
import type { Answer } from '#model/prompt.ts';
import type { Lifetime } from '#model/rule.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { Choices } from '../choices/Choices.tsx';
import { useLive } from '../live/live.ts';
import { undoChange } from '../parts/changes.ts';
import { say, sayFailure } from '../parts/saying.ts';
import styles from './ask.module.css';
import { lastLifetime, mine, rememberLifetime } from './mine.ts';

const dot = (parts: readonly string[]) => parts.join(' · ');

export function Card({ prompt, now }: { readonly prompt: PromptView; readonly now: number }) {
  const [answer, change] = useState<Answer>(() => {
    const before = lifetimeChoices.find(({ value }) => value === lastLifetime())?.value ?? 'once';
    return { action: 'reject', scope: firstScope(prompt), lifetime: before as Lifetime };
  });
  const administrator = useLive((live) => live.person?.administrator === true);
  const [busy, setBusy] = useState(false);
  const { who, verb, whom, service } = partsOf(prompt);
  const meaning = meaningOf(prompt, answer);
  const listed = [...new Set(prompt.lists.map(({ list }) => list))];
  const reply = async (given: Answer, done: string) => {
    setBusy(true);
    mine.add(prompt.id);
    const told = await api.answer(prompt.id, given);
    setBusy(false);
    if (told.ok) {
      const mayUndo = administrator && told.value.rules.length > 0;
      return say(told.value.pending ?? done, mayUndo ? () => void undoChange() : undefined);
    }
    mine.delete(prompt.id);
    sayFailure(told.error);
  };
  const send = (action: 'allow' | 'reject' | 'drop') => {
    rememberLifetime(answer.lifetime);
    const word = { allow: 'Allowed', reject: 'Refused', drop: 'Dropped' }[action];
    void reply({ ...answer, action }, `${word}: ${meaning.ok ? meaning.value : headline(prompt)}.`);
  };
  const notNow = () =>
    void reply(
      { action: 'reject', scope: firstScope(prompt), lifetime: 'once' },
      `Not now: ${headline(prompt)} was refused this once, and no rule was made.`,
    );
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || busy) return;
    const keys: Record<string, () => void> = { a: () => send('allow'), d: () => send('reject'), n: notNow };
    const act = keys[event.key];
    if (act === undefined || (event.key !== 'n' && !meaning.ok)) return;
    event.preventDefault();
    act();
  };
  return (
    <article
      className={styles.card}
      aria-label={headline(prompt)}
      data-row={prompt.id}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <div className={styles.cardHead}>
        <h2>
          <b>{who}</b> <span>{verb}</span> <b>{whom}</b>, {service}
        </h2>
        <Countdown prompt={prompt} now={now} />
      </div>
      <dl className={styles.facts}>
        <div>
          <dt>Program</dt>
          <dd>{dot(programLine(prompt))}</dd>
        </div>
        <div>
          <dt>Far end</dt>
          <dd>{dot(placeLine(prompt))}</dd>
        </div>
      </dl>
      {listed.length > 0 && (
        <p className={styles.listed}>
          <TriangleAlert size={15} aria-hidden /> It is in the {listed.length === 1 ? 'list' : 'lists'}{' '}
          {listed.map(escapeText).join(', ')}.
        </p>
      )}
      <Choices
        subject={prompt}
        answer={answer}
        change={change}
        lifetimes={lifetimeChoices}
        lead="Your answer is for"
        folds
        undecided
      />
      <div className={styles.answers}>
        <button type="button" className={styles.allow} disabled={busy || !meaning.ok} onClick={() => send('allow')}>
          <Check size={17} aria-hidden /> Allow
        </button>
        <button type="button" className={styles.refuse} disabled={busy || !meaning.ok} onClick={() => send('reject')}>
          <Ban size={16} aria-hidden /> Refuse
        </button>
        <button type="button" disabled={busy} onClick={notNow} title="Refused this once; no rule is made">
          Not now
        </button>
        <span className={styles.more}>
          <button
            type="button"
            className="plain"
            disabled={busy || !meaning.ok}
            onClick={() => send('drop')}
            title="Refused without a word: the program waits until it gives up"
          >
            Drop
          </button>
          <Link
            className="button"
            to="."
            search={((before: object) => ({ ...before, why: `prompt:${prompt.id}` })) as never}
          >
            All facts
          </Link>
        </span>
      </div>
    </article>
  );
}

/** Only while packets are held: without any, nothing waits for the answer. */
function Countdown({ prompt, now }: { readonly prompt: PromptView; readonly now: number }) {
  const { deadline, opened, packets, flows } = prompt;
  const left = Math.max(0, Math.ceil((deadline - now) / 1000));
  if (packets === 0) return <span className="quiet">nothing waits</span>;
  const waiting = flows === 1 ? '1 connection waits' : `${flows} connections wait`;
  return (
    <div className={styles.countdown}>
      <span>
        {waiting}, <b>{left} s</b> left
      </span>
      <progress
        max={Math.max(1, deadline - opened)}
        value={Math.max(0, deadline - now)}
        aria-label={`${waiting}; time left`}
      />
    </div>
  );
}
