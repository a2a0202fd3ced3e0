// What the text of a rule would mean among the others: the rule as a sentence, its place, and what stands in its way.
import type { RuleTrial } from '#model/shown/ruletext.ts';
import { escapeText } from '#std/text.ts';
import { Preview } from '../choices/Preview.tsx';
import styles from './editor.module.css';

interface Props {
  /** Of the rule in whose place it is tried. */
  readonly name: string;
  readonly trial: RuleTrial | undefined;
  readonly stale: boolean;
  /** Gives it this priority; left out where it may not be changed. */
  readonly raise: ((priority: number) => void) | undefined;
}

export function Meaning({ name, trial, stale, raise }: Props) {
  if (trial === undefined) return null;
  const { rule, sentence, place, of, priority, needsPriority, shadowedBy } = trial;
  return (
    <section aria-labelledby="meaning" aria-live="polite" aria-busy={stale}>
      <h2 id="meaning">What it means</h2>
      {sentence === null ? (
        <p className="quiet">Nothing yet: the text is not right.</p>
      ) : (
        <p className={styles.sentence}>
          <b>{escapeText(sentence)}</b>
        </p>
      )}
      <Preview rules={rule === null ? undefined : [rule]} instead={name} />
      {place !== null && (
        <p>
          Rule {place} of {of} in the order of evaluation, with priority {priority}.
        </p>
      )}
      {needsPriority !== null ? (
        <p className={styles.note}>
          A fence would overrule it ({shadowedBy.map(escapeText).join(', ')}): as an exception it needs priority{' '}
          {needsPriority}.{' '}
          {raise !== undefined && (
            <button type="button" onClick={() => raise(needsPriority)}>
              Give it priority {needsPriority}
            </button>
          )}
        </p>
      ) : (
        shadowedBy.length > 0 && (
          <p className={styles.note}>It never decides, because of {shadowedBy.map(escapeText).join(', ')} before it.</p>
        )
      )}
    </section>
  );
}
