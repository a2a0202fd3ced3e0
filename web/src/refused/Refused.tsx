// What was refused: grouped, with an exception one click away.
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import type { LogLine } from '#model/api.ts';
import { formatPlace } from '#model/sentence.ts';
import { ok } from '#std/result.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import type { Asked } from '../api/client.ts';
import { useKeys } from '../hooks/keys.ts';
import { useView } from '../hooks/search.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { recent, useLive } from '../live/live.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import { PageHead } from '../parts/PageHead.tsx';
import { Trouble } from '../parts/Trouble.tsx';
import { formatAge, formatCount, reasonTexts, whyOf } from '../parts/words.ts';
import { type Group, groupRefusals } from './groups.ts';
import styles from './refused.module.css';
import { lastSeen, rememberSeen } from './seen.ts';

const NewRule = lazy(() => import('../choices/NewRule.tsx').then(({ NewRule }) => ({ default: NewRule })));

const spans = [
  ['1h', 3_600_000, 'the last hour'],
  ['24h', 86_400_000, 'the last 24 hours'],
  ['7d', 604_800_000, 'the last 7 days'],
] as const;
const limit = 2000;
const shownAtOnce = 200;

async function refusals(since: number): Promise<Asked<LogLine[]>> {
  const [rejected, dropped] = await Promise.all([
    api.log({ action: 'reject', since, limit }),
    api.log({ action: 'drop', since, limit }),
  ]);
  if (!rejected.ok) return rejected;
  return dropped.ok ? ok([...rejected.value, ...dropped.value]) : dropped;
}

export function Page() {
  const { view, change } = useView();
  const [seen] = useState(lastSeen);
  const now = useNow(10_000);
  const [range, span] = spans.find(([key]) => key === view.range) ?? spans[1];
  const asked = useAsked(() => refusals(Date.now() - span), [range]);
  const administrator = useLive((live) => live.person?.administrator === true);
  const [making, setMaking] = useState<LogLine>();
  const { value } = asked;
  const groups = useMemo(() => groupRefusals(value ?? [], seen), [value, seen]);
  useEffect(() => {
    if (value !== undefined) rememberSeen(Date.now());
  }, [value]);

  const version = useLive((live) => live.connections);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the connections
  const news = useMemo(() => {
    if (value === undefined) return 0;
    const newest = value.reduce((most, { time }) => Math.max(most, time), 0);
    return recent.all().filter(({ action, time }) => (action === 'reject' || action === 'drop') && time > newest)
      .length;
  }, [version, value]);

  useKeys((key, row) => {
    const group = groups.find((one) => one.key === row);
    if (group === undefined) return false;
    if (key === 'e') change({ why: whyOf(group.line) }, false);
    else if (key === 'a' && administrator) setMaking(group.line);
    else return false;
    return true;
  });

  return (
    <>
      <PageHead
        title="Refused"
        tools={
          <label className={styles.range}>
            <span className="unseen">When</span>
            <select value={range} onChange={({ target }) => change({ range: target.value })}>
              {spans.map(([key, , text]) => (
                <option key={key} value={key}>
                  {text}
                </option>
              ))}
            </select>
          </label>
        }
      >
        What was just blocked, and why. Where it should not have been, an exception is one click away.
      </PageHead>
      <Trouble failure={asked.failure} />
      {news > 0 && (
        <button type="button" className={styles.pill} onClick={() => void asked.again()}>
          {news === 1 ? '1 new refusal' : `${formatCount(news)} new refusals`}
        </button>
      )}
      {value === undefined && asked.failure === undefined && <p className="quiet">Asking …</p>}
      {value !== undefined && groups.length === 0 && <p className={styles.none}>Nothing was refused in this time.</p>}
      <ul className={styles.groups}>
        {groups.slice(0, shownAtOnce).map((group) => (
          <Row
            key={group.key}
            group={group}
            now={now}
            explain={() => change({ why: whyOf(group.line) }, false)}
            except={administrator ? () => setMaking(group.line) : undefined}
          />
        ))}
      </ul>
      {groups.length > shownAtOnce && (
        <p className="quiet">and {groups.length - shownAtOnce} more; History has them all.</p>
      )}
      {making !== undefined && (
        <Suspense fallback={null}>
          <NewRule line={making} action="allow" close={() => setMaking(undefined)} />
        </Suspense>
      )}
    </>
  );
}

interface RowProps {
  readonly group: Group;
  readonly now: number;
  readonly explain: () => void;
  readonly except: (() => void) | undefined;
}

function Row({ group, now, explain, except }: RowProps) {
  const { key, app, user, place, times, last, line, fresh } = group;
  const where = formatPlace(line);
  const why =
    line.reason === 'rule' && line.rule !== null ? `by the rule “${escapeText(line.rule)}”` : reasonTexts[line.reason];
  return (
    <li data-row={key} className={styles.group}>
      <div className={styles.what}>
        <p>
          <b>{escapeText(app)}</b> {user !== null && <span className="quiet">{escapeText(user)}</span>} → {place}{' '}
          {where !== '' && <span className="quiet">{where}</span>}
        </p>
        <p>
          <ActionMark action={line.action} enforced={line.enforced} /> <span className="quiet">{why}</span>
        </p>
      </div>
      <p className={styles.times}>
        {formatCount(times)}×{' '}
        <span className="quiet">
          last {formatAge(last, now)}
          {now - last < 1000 ? '' : ' ago'}
        </span>
        {fresh > 0 && <span className={styles.fresh}>{fresh === times ? 'new' : `${fresh} new`}</span>}
      </p>
      <div className={styles.acts}>
        <button type="button" onClick={explain}>
          Why?
        </button>
        {except !== undefined && (
          <button type="button" onClick={except}>
            Make an exception …
          </button>
        )}
      </div>
    </li>
  );
}
