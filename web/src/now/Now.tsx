// What happens now: the last minutes as a chart, and who reaches what as a tree.
import { Search, X } from 'lucide-react';
import { lazy, Suspense, useCallback, useMemo, useState } from 'react';
import { countByTime } from '#client/live/series.ts';
import { buildTree, isOpen, type Node, visibleRows } from '#client/live/tree.ts';
import type { LogLine } from '#model/api.ts';
import { useKeys } from '../hooks/keys.ts';
import { useView } from '../hooks/search.ts';
import { useNarrow } from '../hooks/useNarrow.ts';
import { useNow } from '../hooks/useNow.ts';
import { recent, useLive } from '../live/live.ts';
import { undoChange } from '../parts/changes.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { VirtualRows } from '../parts/VirtualRows.tsx';
import { formatMoment, whyOf } from '../parts/words.ts';
import styles from './now.module.css';
import { TreeRow } from './Row.tsx';
import { useHeld } from './useHeld.ts';

const Chart = lazy(() => import('./Chart.tsx').then(({ Chart }) => ({ default: Chart })));
const Help = lazy(() => import('./Help.tsx').then(({ Help }) => ({ default: Help })));
const NewRule = lazy(() => import('../choices/NewRule.tsx').then(({ NewRule }) => ({ default: NewRule })));

const spanMs = 10 * 60_000;
const stepMs = 10_000;

/** A number of the address; undefined where it is none. */
const numberOf = (text: string | undefined) =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

export function Page() {
  const { view, change } = useView();
  const now = useNow(2000);
  const own = view.own === '1';
  const isShown = useCallback((line: LogLine) => own || line.own !== true, [own]);
  const held = useHeld(now, isShown);
  const marks = useLive((live) => live.told.marks);
  const version = useLive((live) => live.connections);
  const administrator = useLive((live) => live.person?.administrator === true);
  const narrow = useNarrow();
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const [making, setMaking] = useState<{ line: LogLine; action: 'allow' | 'reject' }>();
  const [help, setHelp] = useState(false);
  const search = view.q ?? '';
  const chosen = { from: numberOf(view.from), to: numberOf(view.to) };
  const from = chosen.from ?? held.time - spanMs;
  const to = chosen.to ?? held.time;

  const rows = useMemo(
    () => visibleRows(buildTree(held.lines, { from, to, search }), turned),
    [held.lines, from, to, search, turned],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the connections
  const series = useMemo(
    () => countByTime(recent.all().filter(isShown), now - spanMs, now, stepMs),
    [version, now, isShown],
  );

  const turn = useCallback((node: Node) => {
    setTurned((before) => {
      const after = new Set(before);
      if (!after.delete(node.key)) after.add(node.key);
      return after;
    });
  }, []);
  const explain = useCallback((line: LogLine) => change({ why: whyOf(line) }, false), [change]);
  const act = useCallback(
    (key: string, row: string | undefined) => {
      const node = rows.find((one) => one.key === row);
      if (key === '?') setHelp(true);
      else if (key === 'u' && administrator) void undoChange();
      else if (node === undefined) return false;
      else if (key === 'e') explain(node.line);
      else if (key === 'a' && administrator) setMaking({ line: node.line, action: 'allow' });
      else if (key === 'd' && administrator) setMaking({ line: node.line, action: 'reject' });
      else if (key === 'ArrowRight' && node.level < 3 && !isOpen(node, turned)) turn(node);
      else if (key === 'ArrowLeft' && isOpen(node, turned)) turn(node);
      else return false;
      return true;
    },
    [rows, administrator, explain, turn, turned],
  );
  useKeys(act);

  return (
    <>
      <PageHead
        title="Now"
        tools={
          <>
            <label className={styles.search}>
              <Search size={16} aria-hidden />
              <span className="unseen">Search apps, names, addresses, rules</span>
              <input
                type="search"
                data-search
                placeholder="App, name, address, rule"
                value={search}
                onChange={({ target }) => change({ q: target.value })}
              />
            </label>
            <button type="button" onClick={() => setHelp(true)}>
              Keys <kbd>?</kbd>
            </button>
          </>
        }
      />
      <Suspense fallback={<div className={styles.chartPlace} />}>
        <Chart
          series={series}
          marks={marks}
          select={(first, last) => change({ from: String(Math.round(first)), to: String(Math.round(last)) })}
        />
      </Suspense>
      {/* Who goes from the list to what waits, with the pointer or by Tab, still finds it there. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it only ends the holding still */}
      <div
        onPointerLeave={() => held.hold(false)}
        onBlur={({ currentTarget, relatedTarget }) => currentTarget.contains(relatedTarget) || held.hold(false)}
      >
        <div className={styles.above}>
          {chosen.from !== undefined && chosen.to !== undefined ? (
            <button type="button" onClick={() => change({ from: undefined, to: undefined })}>
              {formatMoment(chosen.from, now)} – {formatMoment(chosen.to, now)} <X size={15} aria-hidden />
              <span className="unseen">Show the last 10 minutes again</span>
            </button>
          ) : (
            <span className="quiet">The last 10 minutes. Drag over the chart to look at a part.</span>
          )}
          <label className={styles.own}>
            <input
              type="checkbox"
              checked={own}
              onChange={({ target }) => change({ own: target.checked ? '1' : '' })}
            />
            Show Postern’s own
          </label>
          {held.waiting > 0 && (
            <button type="button" className={styles.pill} onClick={held.release}>
              {held.waiting === 1 ? '1 change waits' : `${held.waiting} changes waiting`}
            </button>
          )}
        </div>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: it only holds still under the pointer */}
        <div
          className={styles.tree}
          onPointerEnter={({ pointerType }) => pointerType === 'mouse' && held.hold(true)}
          onFocus={() => held.hold(true)}
        >
          <div className={styles.columns} aria-hidden>
            <span>App, destination</span>
            <span>What became of it</span>
            <span className="number">Connections</span>
            <span className="number">Bytes</span>
            <span className="number">Age</span>
            <span />
          </div>
          {rows.length === 0 ? (
            <p className={styles.none}>
              {search !== '' ? `Nothing in these minutes matches “${search}”.` : 'No connection in these minutes.'}
            </p>
          ) : (
            <div role="tree" aria-label="Connections">
              <VirtualRows
                count={rows.length}
                rowHeight={narrow ? 54 : 34}
                keyOf={(index) => rows[index]?.key ?? String(index)}
                row={(index) => {
                  const node = rows[index];
                  return node === undefined ? null : (
                    <TreeRow node={node} now={now} open={isOpen(node, turned)} turn={turn} explain={explain} />
                  );
                }}
              />
            </div>
          )}
        </div>
      </div>
      <Suspense fallback={null}>
        {making !== undefined && <NewRule {...making} close={() => setMaking(undefined)} />}
        {help && <Help close={() => setHelp(false)} />}
      </Suspense>
    </>
  );
}
