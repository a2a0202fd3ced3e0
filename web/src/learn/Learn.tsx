// Learn, review, lock: what programs may do for a while, what they did, and the rules that come of it.
import { Link } from '@tanstack/react-router';
import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { LearningView, LearnReview, LearnSubject } from '#model/learn/learning.ts';
import type { RuleText } from '#model/rule.ts';
import { ok } from '#std/result.ts';
import { formatSpan } from '#std/span.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import type { Asked } from '../api/client.ts';
import { useKeys } from '../hooks/keys.ts';
import { useView } from '../hooks/search.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { useLive } from '../live/live.ts';
import { undoChange } from '../parts/changes.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { formatMoment } from '../parts/words.ts';
import styles from './learn.module.css';
import { Review } from './Review.tsx';
import { StartLearning } from './StartLearning.tsx';

/** How often a review is asked for anew while its learning goes on. */
const reviewEveryMs = 5000;

function stateOf({ running, ends, accepted }: LearningView, now: number): string {
  if (running) return `learns, ${formatSpan(ends - now)} left`;
  if (accepted === null) return 'ended, waits for you';
  return accepted.rules.length === 1 ? 'accepted, one rule' : `accepted, ${accepted.rules.length} rules`;
}

export function Page() {
  const { view, change } = useView();
  const administrator = useLive((live) => live.person?.administrator === true);
  const changed = useLive((live) => live.told.rulesChanged);
  const now = useNow(1000);
  const { value, failure, again } = useAsked(
    async () => (administrator ? api.learnings() : ok([] as LearningView[])),
    [changed, administrator],
  );
  const chosen = value?.find(({ name }) => name === view.name) ?? value?.[0];
  const turn = chosen?.running === true ? Math.floor(now / reviewEveryMs) : 0;
  const review = useAsked(
    async (): Promise<Asked<LearnReview | undefined>> =>
      chosen === undefined ? ok(undefined) : api.reviewLearning(chosen.name),
    [chosen?.name, chosen?.running, turn, changed],
  );
  const [starting, setStarting] = useState(false);
  useKeys((key) => {
    if (key !== 'u' || !administrator) return false;
    void undoChange();
    return true;
  });
  const start = async (subject: LearnSubject, minutes: number) => {
    const begun = await api.startLearning(subject, minutes);
    if (!begun.ok) return sayFailure(begun.error);
    say(`“${begun.value.name}” has begun.`, () => void forget(begun.value.name));
    change({ name: begun.value.name });
    void again();
  };
  const stop = async (name: string) => {
    const stopped = await api.stopLearning(name);
    if (!stopped.ok) return sayFailure(stopped.error);
    say(`“${name}” has ended.`, () => void undoChange());
    void again();
  };
  const forget = async (name: string) => {
    const done = await api.forgetLearning(name);
    if (!done.ok) return sayFailure(done.error);
    say(`“${name}” is forgotten; the rules that came of it stay.`);
    change({ name: undefined });
    void again();
  };
  const accept = async (name: string, rules: readonly RuleText[]) => {
    const made = await api.acceptLearned(name, rules);
    if (!made.ok) return sayFailure(made.error);
    const { pending, version } = made.value;
    say(
      pending ?? (rules.length === 1 ? 'One rule holds.' : `${rules.length} rules hold.`),
      () => void undoChange(version.id),
    );
    void again();
  };
  return (
    <>
      <PageHead
        title="Learn"
        tools={
          administrator && (
            <button type="button" className="main" onClick={() => setStarting(true)}>
              <Plus size={16} aria-hidden /> Learn a program
            </button>
          )
        }
      >
        For a while a program may do what no rule refuses. You look at what it did, and keep what is right as rules.
      </PageHead>
      <Trouble failure={failure} />
      {!administrator && <p className="quiet">Only administrators may let Postern learn.</p>}
      {administrator && value?.length === 0 && <p className={styles.none}>Nothing was learned yet.</p>}
      <div className={styles.sides}>
        <ul className={styles.learnings} aria-label="Times of learning">
          {value?.map((one) => (
            <li key={one.name} data-row={one.name}>
              <Link to="/learn" search={{ name: one.name } as never} aria-current={one === chosen ? 'true' : undefined}>
                <b>{escapeText(one.name)}</b>
                <span>{stateOf(one, now)}</span>
                <span className="quiet">
                  {escapeText(one.by)}, {formatMoment(one.started, now)}
                </span>
              </Link>
            </li>
          ))}
        </ul>
        {chosen !== undefined && (
          <section className={styles.review} aria-labelledby="chosen">
            <div className={styles.head}>
              <div>
                <h2 id="chosen">{escapeText(chosen.name)}</h2>
                <p className="quiet">
                  {escapeText(chosen.text)}; {stateOf(chosen, now)}
                </p>
              </div>
              {chosen.running && (
                <button type="button" onClick={() => void stop(chosen.name)}>
                  End it now
                </button>
              )}
              <button type="button" className="plain" onClick={() => void forget(chosen.name)}>
                <Trash2 size={16} aria-hidden />
                <span className="unseen">Forget {escapeText(chosen.name)}</span>
              </button>
            </div>
            <Trouble failure={review.failure} />
            {review.value?.learning.name === chosen.name && (
              <Review
                key={chosen.name}
                review={review.value}
                now={now}
                accept={(rules) => void accept(chosen.name, rules)}
              />
            )}
          </section>
        )}
      </div>
      {starting && (
        <StartLearning close={() => setStarting(false)} start={(subject, minutes) => void start(subject, minutes)} />
      )}
    </>
  );
}
