// The log: what was, chosen by what stands in the address of the page.
import { Download } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { type FieldName, fieldNames } from '#model/query/fields.ts';
import type { Facets as FacetsView, Groups as GroupsView } from '#model/query/history.ts';
import { queryTest } from '#model/query/match.ts';
import { parseQuery } from '#model/query/query.ts';
import { earlierOf, groupOf, timeOf } from '#model/query/view.ts';
import { ok } from '#std/result.ts';
import { formatJson } from '#std/text.ts';
import { api, type LogSearch } from '../api/calls.ts';
import type { Asked } from '../api/client.ts';
import { useKeys } from '../hooks/keys.ts';
import { useView } from '../hooks/search.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNarrow } from '../hooks/useNarrow.ts';
import { useNow } from '../hooks/useNow.ts';
import { recent, useLive } from '../live/live.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { sayFailure } from '../parts/saying.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { VirtualRows } from '../parts/VirtualRows.tsx';
import { formatCount, whyOf } from '../parts/words.ts';
import { formatCsv, formatGroupsCsv } from './csv.ts';
import { download } from './download.ts';
import { Facets, firstFields } from './Facets.tsx';
import { Groups } from './Groups.tsx';
import styles from './history.module.css';
import { LineRow } from './LineRow.tsx';
import { QueryBox } from './QueryBox.tsx';
import { showsOwn, turned, withOwn } from './query/edit.ts';
import { firstQuery, inTime } from './query/query.ts';
import { SavedViews } from './SavedViews.tsx';
import { EarlierTime, TimeRange } from './TimeRange.tsx';
import { useLines } from './useLines.ts';

const downloadLimit = 10_000;
const groupsShown = 500;

export function Page() {
  const { view, change } = useView();
  const now = useNow(60_000);
  const narrow = useNarrow();
  const text = view.q ?? firstQuery;
  const parsed = useMemo(() => parseQuery(text), [text]);
  const by = groupOf(view);
  const { range, from, to, than, thanFrom, thanTo } = view;
  // It is asked anew when the query changes, not as time passes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the parts of the view that count
  const asked = useMemo(() => {
    const asking = Date.now();
    const time = timeOf(view, asking);
    return { time, earlier: earlierOf(view, time, asking) };
  }, [range, from, to, than, thanFrom, thanTo]);
  const search = useMemo<LogSearch | undefined>(
    () => (parsed.ok ? { q: text, ...asked.time } : undefined),
    [parsed, text, asked],
  );
  const query = parsed.ok ? parsed.value : [];
  const [all, setAll] = useState(false);
  const lines = useLines(by === undefined ? search : undefined);
  const facets = useAsked(
    async (): Promise<Asked<FacetsView | null>> =>
      search === undefined ? ok(null) : api.facets({ ...search, fields: (all ? fieldNames : firstFields).join(',') }),
    [search, all],
  );
  const groups = useAsked(
    async (): Promise<Asked<GroupsView | null>> =>
      search === undefined || by === undefined ? ok(null) : api.groups(groupSearch(search, by, asked.earlier)),
    [search, by, asked],
  );

  const version = useLive((live) => live.connections);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the connections
  const news = useMemo(() => {
    const newest = lines.lines[0]?.sequence;
    if (newest === undefined || !parsed.ok) return 0;
    const known = new Set(lines.lines.map(({ id }) => id));
    const test = queryTest(parsed.value);
    return recent
      .all()
      .filter((line) => line.sequence > newest && !known.has(line.id) && inTime(line, asked.time) && test(line)).length;
  }, [version, lines.lines, parsed, asked]);
  const again = () => {
    void lines.again();
    void facets.again();
  };

  const save = async (kind: 'json' | 'csv') => {
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '');
    const hand = (value: unknown, csv: string) =>
      kind === 'json'
        ? download(`postern-${stamp}.json`, 'application/json', formatJson(value, 2))
        : download(`postern-${stamp}.csv`, 'text/csv;charset=utf-8', csv);
    if (by !== undefined) {
      if (groups.value != null) hand(groups.value, formatGroupsCsv(by, groups.value));
      return;
    }
    const found = await api.log({ ...search, limit: downloadLimit });
    if (!found.ok) return sayFailure(found.error);
    hand(found.value, formatCsv(found.value));
  };
  useKeys((key, row) => {
    const line = lines.lines.find(({ id }) => id === row);
    if (key !== 'e' || line === undefined) return false;
    change({ why: whyOf(line) }, false);
    return true;
  });
  const turn = (field: FieldName, value: string) => change({ q: turned(text, field, value) || withOwn('', true) });
  const facetsPanel = (
    <Facets facets={facets.value ?? undefined} query={query} turn={turn} all={all} showAll={() => setAll(true)} />
  );

  return (
    <>
      <PageHead
        title="History"
        tools={
          <>
            <SavedViews view={{ ...view, q: text }} change={change} />
            <button type="button" disabled={!parsed.ok} onClick={() => void save('csv')}>
              <Download size={15} aria-hidden /> CSV
            </button>
            <button type="button" disabled={!parsed.ok} onClick={() => void save('json')}>
              <Download size={15} aria-hidden /> JSON
            </button>
          </>
        }
      >
        Every connection that the journal has. A file has up to {formatCount(downloadLimit)} of those that are asked
        for.
      </PageHead>
      <search className={styles.query}>
        <QueryBox
          value={text}
          set={(next) => change({ q: next.trim() })}
          error={parsed.ok ? undefined : parsed.error}
          time={asked.time}
        />
        <div className={styles.fields}>
          <TimeRange view={view} change={change} />
          <label>
            <span>Together by</span>
            <select value={by ?? ''} onChange={({ target }) => change({ by: target.value })}>
              <option value="">each by itself</option>
              {fieldNames.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          {by !== undefined && <EarlierTime view={view} change={change} />}
          <label className={styles.own}>
            <input
              type="checkbox"
              checked={showsOwn(text)}
              disabled={!parsed.ok}
              onChange={({ target }) => change({ q: withOwn(text, target.checked) })}
            />
            <span>Show Postern’s own</span>
          </label>
        </div>
      </search>
      <Trouble failure={lines.failure ?? facets.failure ?? groups.failure} />
      <div className={styles.above}>
        <span className="quiet" role="status">
          {facets.value == null ? 'Counting …' : `${formatCount(facets.value.total)} connections`}
          {by === undefined && lines.lines.length > 0 && `, ${formatCount(lines.lines.length)} of them here`}
        </span>
        {by === undefined && news > 0 && (
          <button type="button" className={styles.pill} onClick={again}>
            {news === 1 ? '1 new connection' : `${formatCount(news)} new connections`}
          </button>
        )}
      </div>
      <div className={styles.both}>
        {narrow ? (
          <details className={styles.fold}>
            <summary>How many of each</summary>
            {facetsPanel}
          </details>
        ) : (
          <aside aria-label="How many of each">{facetsPanel}</aside>
        )}
        <div className={styles.list}>
          {by === undefined ? (
            <Lines lines={lines} narrow={narrow} now={now} />
          ) : (
            groups.value != null && (
              <Groups
                by={by}
                groups={groups.value}
                now={now}
                open={(value) => change({ q: turned(text, by, value), by: '' })}
              />
            )
          )}
        </div>
      </div>
    </>
  );
}

const groupSearch = ({ q, since, until }: LogSearch, by: FieldName, earlier: ReturnType<typeof earlierOf>) => ({
  ...{ q, since, until, by, limit: groupsShown },
  ...{ earlierSince: earlier?.since, earlierUntil: earlier?.until },
});

interface LinesProps {
  readonly lines: ReturnType<typeof useLines>;
  readonly narrow: boolean;
  readonly now: number;
}

function Lines({ lines: { lines, ended, more, asked }, narrow, now }: LinesProps) {
  const { change } = useView();
  if (asked && lines.length === 0) return <p className={styles.none}>No connection is as you ask.</p>;
  if (lines.length === 0) return null;
  return (
    <>
      <div role="table" aria-label="Connections" aria-rowcount={ended ? lines.length : -1} className={styles.table}>
        <div role="row" className={styles.columns}>
          {['Time', 'What became of it', 'App', 'Destination', 'Why', 'Bytes'].map((name) => (
            <span key={name} role="columnheader" className={name === 'Bytes' ? 'number' : undefined}>
              {name}
            </span>
          ))}
        </div>
        <VirtualRows
          count={lines.length}
          rowHeight={narrow ? 74 : 34}
          keyOf={(index) => lines[index]?.id ?? String(index)}
          row={(index) => {
            const line = lines[index];
            return line && <LineRow line={line} now={now} explain={() => change({ why: whyOf(line) }, false)} />;
          }}
        />
      </div>
      {!ended && <Older more={more} />}
    </>
  );
}

/** Asks for older ones when it comes into sight, and when it is pressed. */
function Older({ more }: { readonly more: () => Promise<void> }) {
  const place = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && void more(), {
      rootMargin: '600px',
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [more]);
  return (
    <p ref={place} className={styles.older}>
      <button type="button" onClick={() => void more()}>
        Show older ones
      </button>
    </p>
  );
}
