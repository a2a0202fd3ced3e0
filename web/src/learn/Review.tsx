// What one time of learning found: the rules that would cover it, each with its reasons, and which of them to keep.
import { useState } from 'react';
import { sourceTexts } from '#client/question/words.ts';
import type { LearnedPlace, LearnReview, Proposal } from '#model/learn/learning.ts';
import type { RuleText } from '#model/rule.ts';
import { escapeText } from '#std/text.ts';
import { formatAge, formatCount } from '../parts/words.ts';
import styles from './learn.module.css';

interface Props {
  readonly review: LearnReview;
  readonly now: number;
  readonly accept: (rules: readonly RuleText[]) => void;
}

const plural = (count: number, one: string, many: string) => (count === 1 ? one : `${formatCount(count)} ${many}`);

export function Review({ review, now, accept }: Props) {
  const { proposals, unsaid, connections, leftOut, since } = review;
  const offered = since === null ? proposals : since.departures;
  // By their text: while it goes on, the next answer has others.
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const chosen = offered.filter(({ text }) => !left.has(text));
  const turn = (text: string) =>
    setLeft((before) => {
      const next = new Set(before);
      if (!next.delete(text)) next.add(text);
      return next;
    });
  return (
    <>
      <p className={styles.sum}>
        {connections === 0
          ? 'Nothing came under it yet.'
          : `${plural(connections, 'One connection', 'connections')}, which ${plural(proposals.length, 'one rule covers', 'rules cover')}.`}
        {leftOut > 0 && ` ${formatCount(leftOut)} older ones were not looked at.`}
      </p>
      {unsaid.map(({ text, times }) => (
        <p key={text} className={styles.unsaid}>
          No rule can be made for {plural(times, 'one of them', 'of them')}: {escapeText(text)}
        </p>
      ))}
      {since !== null && (
        <>
          <h2>Since it was accepted</h2>
          <p>{since.departures.length === 0 ? 'Nothing departed from it.' : 'This was not allowed:'}</p>
          {since.unused.length > 0 && (
            <p className="quiet">
              Nothing came under {since.unused.map((name) => `“${escapeText(name)}”`).join(', ')}.
            </p>
          )}
        </>
      )}
      {offered.length > 0 && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            accept(chosen.map(({ rule }) => rule));
          }}
        >
          <ul className={styles.proposals}>
            {offered.map((proposal) => (
              <Row
                key={proposal.text}
                proposal={proposal}
                now={now}
                kept={!left.has(proposal.text)}
                turn={() => turn(proposal.text)}
              />
            ))}
          </ul>
          <div className={styles.buttons}>
            <button type="submit" className="main" disabled={chosen.length === 0}>
              {chosen.length === 1 ? 'Keep this rule' : `Keep these ${chosen.length} rules`}
            </button>
            <span className="quiet">Learning ends with it; one undo takes all back.</span>
          </div>
        </form>
      )}
    </>
  );
}

interface RowProps {
  readonly proposal: Proposal;
  readonly now: number;
  readonly kept: boolean;
  readonly turn: () => void;
}

function Row({ proposal, now, kept, turn }: RowProps) {
  const { text, places, times } = proposal;
  return (
    <li className={styles.proposal}>
      <label>
        <input type="checkbox" checked={kept} onChange={turn} />
        <b>{escapeText(text)}</b>
      </label>
      <span className={styles.times}>{formatCount(times)}×</span>
      <ul className={styles.places}>
        {places.map((place) => (
          <li key={place.place}>{placeText(place, now)}</li>
        ))}
      </ul>
    </li>
  );
}

function placeText({ place, evidence, seen, of, times, last }: LearnedPlace, now: number): string {
  const known = evidence === null ? 'by its address' : `known by ${sourceTexts[evidence]}`;
  const stands = of > 1 || seen[0]?.text !== place;
  const shown = seen.map(({ text, times: often }) => `${escapeText(text)} ${often}×`).join(', ');
  const more = of > seen.length ? ` and ${of - seen.length} more` : '';
  const age = formatAge(last, now);
  return `${escapeText(place)}: ${formatCount(times)}×, ${known}, last ${age === 'now' ? age : `${age} ago`}${stands ? `; stands for ${shown}${more}` : ''}`;
}
