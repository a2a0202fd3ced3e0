// The log: what was, chosen by what stands in the address of the page.
import { Download } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import type { LogLine } from '#model/api.ts';
import { formatJson } from '#std/text.ts';
import { api } from '../api/calls.ts';
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
import { formatCsv } from './csv.ts';
import { download } from './download.ts';
import styles from './history.module.css';
import { LineRow } from './LineRow.tsx';
import { actionChoices, appended, matches, rangeChoices, searchOf } from './query.ts';

const pageSize = 200;
const downloadLimit = 10_000;

export function Page() {
  const { view, change } = useView();
  const now = useNow(60_000);
  const narrow = useNarrow();
  const { app, action, range, from, to } = view;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is asked anew when the query changes, not as time passes
  const search = useMemo(() => searchOf(view, Date.now()), [app, action, range, from, to]);
  const [older, setOlder] = useState<{ lines: readonly LogLine[]; ended: boolean }>({ lines: [], ended: false });
  const first = useAsked(() => api.log({ ...search, limit: pageSize }), [search]);
  const { value } = first;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another first page has other pages behind it
  useEffect(() => setOlder({ lines: [], ended: false }), [value]);
  const lines = useMemo(() => appended(value ?? [], older.lines), [value, older]);
  const ended = older.ended || (value !== undefined && value.length < pageSize);

  const version = useLive((live) => live.connections);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the connections
  const news = useMemo(() => {
    const newest = value?.[0]?.time ?? Number.POSITIVE_INFINITY;
    return recent.all().filter((line) => line.time > newest && matches(line, search)).length;
  }, [version, value, search]);

  const more = async () => {
    const last = lines.at(-1);
    if (last === undefined) return;
    // Those of the same millisecond come again, and are known by their id.
    const found = await api.log({ ...search, until: last.time, limit: pageSize });
    if (!found.ok) return sayFailure(found.error);
    const all = appended(older.lines, found.value);
    setOlder({
      lines: all,
      ended: found.value.length < pageSize || appended(lines, found.value).length === lines.length,
    });
  };
  const save = async (kind: 'json' | 'csv') => {
    const all = await api.log({ ...search, limit: downloadLimit });
    if (!all.ok) return sayFailure(all.error);
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '');
    if (kind === 'json') download(`postern-${stamp}.json`, 'application/json', formatJson(all.value, 2));
    else download(`postern-${stamp}.csv`, 'text/csv;charset=utf-8', formatCsv(all.value));
  };
  useKeys((key, row) => {
    const line = lines.find(({ id }) => id === row);
    if (key !== 'e' || line === undefined) return false;
    change({ why: whyOf(line) }, false);
    return true;
  });

  return (
    <>
      <PageHead
        title="History"
        tools={
          <>
            <button type="button" onClick={() => void save('csv')}>
              <Download size={15} aria-hidden /> CSV
            </button>
            <button type="button" onClick={() => void save('json')}>
              <Download size={15} aria-hidden /> JSON
            </button>
          </>
        }
      >
        Every connection that the journal has, the newest first. A download has up to {formatCount(downloadLimit)} of
        them.
      </PageHead>
      <search className={styles.query}>
        <AppField value={app ?? ''} set={(text) => change({ app: text })} />
        <label>
          <span>What became of it</span>
          <select value={action ?? ''} onChange={({ target }) => change({ action: target.value })}>
            {actionChoices.map(([of, text]) => (
              <option key={of} value={of}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>When</span>
          <select
            value={range ?? ''}
            onChange={({ target }) => change({ range: target.value, from: undefined, to: undefined })}
          >
            {rangeChoices.map(([of, text]) => (
              <option key={of} value={of}>
                {text}
              </option>
            ))}
          </select>
        </label>
        {range === 'own' && (
          <>
            <label>
              <span>From</span>
              <input
                type="datetime-local"
                value={from ?? ''}
                onChange={({ target }) => change({ from: target.value })}
              />
            </label>
            <label>
              <span>To</span>
              <input type="datetime-local" value={to ?? ''} onChange={({ target }) => change({ to: target.value })} />
            </label>
          </>
        )}
      </search>
      <Trouble failure={first.failure} />
      <div className={styles.above}>
        <span className="quiet" role="status">
          {value === undefined ? 'Asking …' : `${formatCount(lines.length)}${ended ? '' : ' newest'} connections`}
        </span>
        {news > 0 && (
          <button type="button" className={styles.pill} onClick={() => void first.again()}>
            {news === 1 ? '1 new connection' : `${formatCount(news)} new connections`}
          </button>
        )}
      </div>
      {value !== undefined && lines.length === 0 && <p className={styles.none}>No connection is as you ask.</p>}
      {lines.length > 0 && (
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
      )}
      {!ended && lines.length > 0 && (
        <p className={styles.older}>
          <button type="button" onClick={() => void more()}>
            Show older ones
          </button>
        </p>
      )}
    </>
  );
}

/** Asks when writing pauses, and not for each letter. */
function AppField({ value, set }: { readonly value: string; readonly set: (text: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is written counts
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => set(text), 300);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label>
      <span>App</span>
      <input
        type="search"
        data-search
        placeholder="Part of its name"
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
    </label>
  );
}
