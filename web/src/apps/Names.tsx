// Whom it spoke to, since when and how often, and what of that was refused.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { AppDetails } from '#model/shown/appdetails.ts';
import { escapeText } from '#std/text.ts';
import { formatCount, formatMoment } from '../parts/words.ts';
import styles from './apps.module.css';

const arrows = { out: '→', in: '←', forward: '⇢' } as const;
const words = { out: 'to', in: 'from', forward: 'forwarded to' } as const;

export function Names({ app: { app, names, namesTotal }, now }: { readonly app: AppDetails; readonly now: number }) {
  const [refusedOnly, setRefusedOnly] = useState(false);
  const shown = refusedOnly ? names.filter(({ refused }) => refused > 0) : names;
  return (
    <section className={`${styles.part} ${styles.wide}`} aria-labelledby="names">
      <h2 id="names">Whom it spoke to</h2>
      <div className={styles.bar}>
        <label>
          <input type="checkbox" checked={refusedOnly} onChange={({ target }) => setRefusedOnly(target.checked)} /> only
          what was refused
        </label>
        <Link to="/history" search={{ app, action: 'reject' } as never}>
          Its refused connections
        </Link>
      </div>
      {shown.length === 0 && <p className="quiet">Nothing was refused.</p>}
      {shown.length > 0 && (
        <div
          className={styles.frame}
          role="group"
          aria-label="Table of names"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard
          tabIndex={0}
        >
          <table className={styles.table}>
            <caption className="unseen">Names and addresses, the last first</caption>
            <thead>
              <tr>
                <th scope="col">Name or address</th>
                <th scope="col">First</th>
                <th scope="col">Last</th>
                <th scope="col" className="number">
                  Connections
                </th>
                <th scope="col" className="number">
                  Refused
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ name, direction, first, last, connections, refused, lastRefused }) => (
                <tr key={`${direction} ${name}`}>
                  <th scope="row">
                    <span aria-hidden>{arrows[direction]}</span> <span className="unseen">{words[direction]} </span>
                    {escapeText(name)}
                  </th>
                  <td>{formatMoment(first, now)}</td>
                  <td>{formatMoment(last, now)}</td>
                  <td className="number">{formatCount(connections)}</td>
                  <td className={refused > 0 ? `number ${styles.refused}` : 'number'}>
                    {formatCount(refused)}
                    {lastRefused !== null && (
                      <span className={styles.under}>last {formatMoment(lastRefused, now)}</span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {namesTotal > names.length && (
        <p className="quiet">
          The last {formatCount(names.length)} of {formatCount(namesTotal)} are shown.
        </p>
      )}
    </section>
  );
}
