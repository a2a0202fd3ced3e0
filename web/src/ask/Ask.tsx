// The inbox of open questions: a card for each, and below them those just closed.

import { closingText } from '#client/question/closing.ts';
import { headline } from '#client/question/headline.ts';
import { useKeys } from '../hooks/keys.ts';
import { useNow } from '../hooks/useNow.ts';
import { busyApps } from '../learn/busy.ts';
import { OfferLearning } from '../learn/OfferLearning.tsx';
import { useLive } from '../live/live.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import { undoChange } from '../parts/changes.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { formatAge } from '../parts/words.ts';
import styles from './ask.module.css';
import { Card } from './Card.tsx';
import { mine } from './mine.ts';

export function Page() {
  const prompts = useLive((live) => live.told.prompts);
  const closed = useLive((live) => live.told.closed);
  const mode = useLive((live) => live.status?.mode);
  const link = useLive((live) => live.link);
  const now = useNow(1000);
  const administrator = useLive((live) => live.person?.administrator === true);
  useKeys((key) => {
    if (key !== 'u' || !administrator) return false;
    void undoChange();
    return true;
  });
  const open = [...prompts.values()].sort((a, b) => a.opened - b.opened);
  return (
    <>
      <PageHead title={open.length === 0 ? 'Ask' : `Ask: ${open.length} open`}>
        A connection that no rule decides waits for your answer. The first answer counts, wherever it is given.
      </PageHead>
      {administrator && <OfferLearning busy={busyApps(open, closed, now)} />}
      {open.length === 0 && link !== 'starting' && (
        <div className={styles.none}>
          <p>
            <b>No question is open.</b>
          </p>
          <p className="quiet">
            {mode === 'ask'
              ? 'The next program that no rule knows will be asked about here.'
              : `The mode is ${mode ?? 'not known'}: only rules that say “ask” lead to questions.`}
          </p>
        </div>
      )}
      <ul className={styles.cards}>
        {open.map((prompt) => (
          <li key={prompt.id}>
            <Card prompt={prompt} now={now} />
          </li>
        ))}
      </ul>
      {closed.length > 0 && (
        <section aria-labelledby="closed" className={styles.closed}>
          <h2 id="closed">Just closed</h2>
          <ul aria-live="polite">
            {closed.map((one) => (
              <li key={one.prompt.id}>
                {one.action !== undefined && <ActionMark action={one.action} />}
                <span className={styles.which}>{headline(one.prompt)}</span>
                <span className="quiet">
                  {closingText(one, mine.has(one.prompt.id))} · {formatAge(one.time, now)}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
