// What happened in the last minutes, stacked by what became of it; a part dragged over becomes the time that is shown.
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { chartActions, type Series, stack } from '#client/live/series.ts';
import { escapeText } from '#std/text.ts';
import { doneWord } from '../parts/ActionMark.tsx';
import { formatClock as clock } from '../parts/words.ts';
import styles from './now.module.css';

interface Props {
  readonly series: Series;
  readonly marks: readonly { readonly time: number; readonly text: string }[];
  /** Milliseconds since 1970. */
  readonly select: (from: number, to: number) => void;
}

const height = 132;
/** Of the marks in sight, the latest are named. */
const marksNamed = 2;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The colours of the scheme that holds: `light-dark()` stands only for a property that is computed. */
function schemeColours() {
  const probe = document.createElement('span');
  document.body.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const [quiet, line, accent] = [read('--quiet'), read('--line'), read('--accent')];
  const actions = Object.fromEntries(chartActions.map((action) => [action, read(`--${action}`)]));
  probe.remove();
  return { quiet, line, accent, actions };
}

function draw(place: HTMLElement, latest: { current: Props }): uPlot {
  const { quiet, line, accent, actions } = schemeColours();
  const font = `11px ${colour('font-family') || 'sans-serif'}`;
  const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font };
  // Drawn from the highest to the lowest: each covers what is not its own.
  const drawn = chartActions.toReversed();
  return new uPlot(
    {
      ...{ width: place.clientWidth, height, padding: [8, 0, 0, 0], legend: { show: false } },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      scales: {
        // The last part has its width too.
        x: { range: ({ data: [times] }, min, max) => [min, max + (times[1] ?? 0) - (times[0] ?? 0)] },
        y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] },
      },
      axes: [
        {
          ...axis,
          size: 22,
          values: (_, times) => times.map((time) => clock(time * 1000)),
        },
        { ...axis, size: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
      ],
      series: [
        {},
        ...drawn.map((action) => ({
          ...{ label: doneWord(action), fill: actions[action] ?? quiet, width: 0, points: { show: false } },
          paths: uPlot.paths.bars?.({ size: [0.86, 40], align: 1 }) as uPlot.Series.PathBuilder,
        })),
      ],
      hooks: {
        setSelect: [
          (chart) => {
            const { left, width } = chart.select;
            if (width < 4) return;
            latest.current.select(chart.posToVal(left, 'x') * 1000, chart.posToVal(left + width, 'x') * 1000);
            chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          },
        ],
        draw: [
          (chart) => {
            const { ctx, bbox } = chart;
            ctx.save();
            ctx.strokeStyle = accent;
            ctx.setLineDash([3, 3]);
            for (const { time } of latest.current.marks) {
              const x = chart.valToPos(time / 1000, 'x', true);
              if (x < bbox.left || x > bbox.left + bbox.width) continue;
              ctx.beginPath();
              ctx.moveTo(x, bbox.top);
              ctx.lineTo(x, bbox.top + bbox.height);
              ctx.stroke();
            }
            ctx.restore();
          },
        ],
      },
    },
    [[], ...drawn.map(() => [])],
    place,
  );
}

export function Chart(props: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [scheme, setScheme] = useState(0);
  useEffect(() => {
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const change = () => setScheme((before) => before + 1);
    dark.addEventListener('change', change);
    return () => dark.removeEventListener('change', change);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with another scheme it is drawn anew
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = draw(element, latest);
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [scheme]);
  const { series } = props;
  const data = useMemo(() => {
    const stacked = stack(series);
    return [[...series.times], ...chartActions.toReversed().map((action) => stacked[action])] as uPlot.AlignedData;
  }, [series]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart drawn anew has no data yet
  useEffect(() => chart.current?.setData(data), [data, scheme]);
  const begins = (series.times[0] ?? 0) * 1000;
  const marked = props.marks.filter(({ time }) => time >= begins).slice(-marksNamed);
  const total = (action: (typeof chartActions)[number]) => series.counts[action].reduce((sum, count) => sum + count, 0);
  return (
    <figure className={styles.chart}>
      <div ref={place} aria-hidden />
      <figcaption>
        {chartActions.map((action) => (
          <span key={action} className={styles[action]}>
            <i aria-hidden /> {total(action)} {doneWord(action)}
          </span>
        ))}
        {marked.length > 0 && (
          <span className={styles.marks}>
            Dashed: {marked.map(({ time, text }) => `${clock(time)} ${escapeText(text)}`).join('; ')}
          </span>
        )}
      </figcaption>
    </figure>
  );
}
