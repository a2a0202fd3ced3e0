// For whom, to where, on which port and for how long: the chips, and the sentence that they make.
import { useState } from 'react';
import {
  type Choice,
  meaningOf,
  placeChoices,
  placeKey,
  portChoices,
  rulesOf,
  type Subject,
  userText,
  whoChoices,
} from '#client/question/meaning.ts';
import type { Answer } from '#model/prompt.ts';
import type { Lifetime } from '#model/rule.ts';
import { useLive } from '../live/live.ts';
import { Chips } from './Chips.tsx';
import styles from './choices.module.css';
import { Preview } from './Preview.tsx';

interface Props {
  readonly subject: Subject;
  readonly answer: Answer;
  readonly change: (answer: Answer) => void;
  readonly lifetimes: readonly Choice<Lifetime>[];
  /** Before the sentence. */
  readonly lead: string;
  /** On narrow screens the chips are folded away, so that the answer is near. */
  readonly folds?: boolean;
  /** Of the rules that are made, where it is not left to them. */
  readonly priority?: number | undefined;
  /** What is answered is not chosen yet. */
  readonly undecided?: boolean;
}

const isNarrow = () => window.matchMedia('(max-width: 480px)').matches;

export function Choices({
  subject,
  answer,
  change,
  lifetimes,
  lead,
  folds = false,
  priority,
  undecided = false,
}: Props) {
  const [open] = useState(() => !(folds && isNarrow()));
  const administrator = useLive((live) => live.person?.administrator === true);
  const { scope, lifetime } = answer;
  const alter = (part: Partial<Answer['scope']>) => change({ ...answer, scope: { ...scope, ...part } });
  const user = userText(subject);
  const meaning = meaningOf(subject, answer);
  // An answer for once makes no rule; how often the same came before helps to answer it too.
  const made = rulesOf(subject, { ...answer, ...(lifetime === 'once' && { lifetime: 'always' }) });
  const rules = made.ok
    ? made.value.map((rule) => ({ ...rule, ...(priority !== undefined && { priority }) }))
    : undefined;
  const incoming = subject.attempt.flow.direction === 'in';
  const chips = (
    <div className={styles.choices}>
      <Chips label="Who" choices={whoChoices(subject)} chosen={scope.who} choose={(who) => alter({ who })} />
      {administrator && user !== undefined && (
        <Chips
          label="User"
          choices={[
            { key: 'user', text: user, value: 'user' as const },
            { key: 'any', text: 'any user', value: 'any' as const },
          ]}
          chosen={scope.user}
          choose={(chosen) => alter({ user: chosen })}
        />
      )}
      <Chips
        label={incoming ? 'From' : 'To'}
        choices={placeChoices(subject)}
        chosen={placeKey(scope, subject)}
        choose={(place) => alter({ name: undefined, list: undefined, ...place })}
      />
      <Chips label="Port" choices={portChoices(subject)} chosen={scope.port} choose={(port) => alter({ port })} />
      <Chips
        label="How long"
        choices={lifetimes}
        chosen={lifetime}
        choose={(chosen) => change({ ...answer, lifetime: chosen })}
      />
    </div>
  );
  return (
    <div className={styles.choices}>
      {open ? (
        chips
      ) : (
        <details className={styles.fold}>
          <summary>For whom, to where, how long</summary>
          {chips}
        </details>
      )}
      <p className={meaning.ok ? styles.meaning : `${styles.meaning} ${styles.cannot}`} aria-live="polite">
        {meaning.ok ? (
          <>
            {lead} <b>{meaning.value}</b>.
          </>
        ) : (
          meaning.error
        )}
      </p>
      <Preview rules={rules} undecided={undecided} />
    </div>
  );
}
