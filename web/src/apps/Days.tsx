// Bytes a day as bars, and the same as a table.
import type { AppDetails } from '#model/shown/appdetails.ts';
import { formatBytes, formatCount } from '../parts/words.ts';
import styles from './apps.module.css';

const height = 96;
const step = 20;

export function Days({ days }: Pick<AppDetails, 'days'>) {
  const counted = days.some(({ bytesOut }) => bytesOut !== null);
  const sum = ({ bytesOut, bytesIn }: (typeof days)[number]) => (bytesOut ?? 0) + (bytesIn ?? 0);
  const most = Math.max(1, ...days.map(sum));
  const total = days.reduce((all, day) => all + sum(day), 0);
  return (
    <section className={styles.part} aria-labelledby="days">
      <h2 id="days">Bytes a day</h2>
      {!counted && (
        <p className="quiet">Not counted: nothing counts bytes without eBPF, or no connection has ended yet.</p>
      )}
      {counted && (
        <figure className={styles.chart}>
          <svg
            role="img"
            aria-label={`${formatBytes(total)} on ${days.length} days, ${formatBytes(most)} at most on one`}
            viewBox={`0 0 ${Math.max(days.length * step, 200)} ${height}`}
            height={height}
            preserveAspectRatio="xMinYMid meet"
          >
            {days.map((day, at) => {
              const [out, into] = [day.bytesOut ?? 0, day.bytesIn ?? 0].map((bytes) => (bytes / most) * (height - 4));
              return (
                <g key={day.day}>
                  <title>{`${day.day}: ${formatBytes(day.bytesOut ?? 0)} sent, ${formatBytes(day.bytesIn ?? 0)} received`}</title>
                  <rect
                    className={styles.received}
                    x={at * step + 2}
                    y={height - (into ?? 0)}
                    width={step - 4}
                    height={into}
                  />
                  <rect
                    className={styles.sent}
                    x={at * step + 2}
                    y={height - (into ?? 0) - (out ?? 0)}
                    width={step - 4}
                    height={out}
                  />
                </g>
              );
            })}
          </svg>
          <figcaption className="quiet">
            {days[0]?.day} to {days.at(-1)?.day}; up to {formatBytes(most)}. Sent above, received below.
          </figcaption>
        </figure>
      )}
      <details>
        <summary>As a table</summary>
        <div
          className={styles.frame}
          role="group"
          aria-label="Table of days"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard
          tabIndex={0}
        >
          <table className={styles.table}>
            <caption className="unseen">Connections and bytes of each day</caption>
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col" className="number">
                  Connections
                </th>
                <th scope="col" className="number">
                  Refused
                </th>
                <th scope="col" className="number">
                  Sent
                </th>
                <th scope="col" className="number">
                  Received
                </th>
              </tr>
            </thead>
            <tbody>
              {days.toReversed().map(({ day, connections, refused, bytesOut, bytesIn }) => (
                <tr key={day}>
                  <th scope="row">{day}</th>
                  <td className="number">{formatCount(connections)}</td>
                  <td className="number">{formatCount(refused)}</td>
                  <td className="number">{bytesOut === null ? 'not counted' : formatBytes(bytesOut)}</td>
                  <td className="number">{bytesIn === null ? 'not counted' : formatBytes(bytesIn)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
