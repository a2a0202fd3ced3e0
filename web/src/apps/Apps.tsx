// The apps that were seen: searched and sorted, each with a page of its own.
import { Link } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import type { AppView } from '#model/api.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useKeys } from '../hooks/keys.ts';
import { useView } from '../hooks/search.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { Trouble } from '../parts/Trouble.tsx';
import { formatAge, formatBytes, formatCount } from '../parts/words.ts';
import styles from './apps.module.css';

const orders = {
  last: { text: 'seen last', by: (a: AppView, b: AppView) => b.last - a.last },
  bytes: { text: 'bytes', by: (a: AppView, b: AppView) => bytesOf(b) - bytesOf(a) },
  refused: { text: 'refused', by: (a: AppView, b: AppView) => b.refused - a.refused },
  first: { text: 'newest', by: (a: AppView, b: AppView) => b.first - a.first },
  name: { text: 'name', by: (a: AppView, b: AppView) => (a.app < b.app ? -1 : 1) },
} as const;

type Order = keyof typeof orders;

const bytesOf = ({ bytesOut, bytesIn }: AppView) => (bytesOut ?? -1) + (bytesIn ?? 0);
const drawnAtMost = 500;

export function Page() {
  const { view, change } = useView();
  const now = useNow(10_000);
  const { value, failure, again } = useAsked(api.apps, []);
  const order: Order = Object.hasOwn(orders, view.sort ?? '') ? (view.sort as Order) : 'last';
  const wanted = (view.q ?? '').trim().toLowerCase();
  const shown = (value ?? [])
    .filter(({ app, users }) => `${app} ${users.join(' ')}`.toLowerCase().includes(wanted))
    .sort(orders[order].by);
  useKeys(() => false);
  return (
    <>
      <PageHead
        title="Apps"
        tools={
          <>
            <label className={styles.search}>
              <Search size={16} aria-hidden />
              <span className="unseen">Search the apps</span>
              <input
                type="search"
                data-search
                placeholder="Name or user"
                value={view.q ?? ''}
                onChange={({ target }) => change({ q: target.value })}
              />
            </label>
            <label className={styles.sort}>
              Sort by{' '}
              <select value={order} onChange={({ target }) => change({ sort: target.value })}>
                {Object.entries(orders).map(([key, { text }]) => (
                  <option key={key} value={key}>
                    {text}
                  </option>
                ))}
              </select>
            </label>
            <button type="button" onClick={() => void again()}>
              Ask again
            </button>
          </>
        }
      >
        Everything on this machine that spoke to another one, or tried to.
      </PageHead>
      <Trouble failure={failure} />
      {value !== undefined && shown.length === 0 && (
        <p className="quiet">{value.length === 0 ? 'No app was seen yet.' : 'No app is as you ask.'}</p>
      )}
      {shown.length > 0 && (
        <div className={styles.frame}>
          <table className={styles.table}>
            <caption className="unseen">Apps by {orders[order].text}</caption>
            <thead>
              <tr>
                <th scope="col">App</th>
                <th scope="col">Users</th>
                <th scope="col" className="number">
                  Connections
                </th>
                <th scope="col" className="number">
                  Refused
                </th>
                <th scope="col" className="number">
                  Sent, received
                </th>
                <th scope="col" className="number">
                  Seen
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, drawnAtMost).map((app) => (
                <tr key={app.app}>
                  <th scope="row" data-row={app.app}>
                    <Link to="/apps/$app" params={{ app: app.app }}>
                      {escapeText(app.app)}
                    </Link>
                    <span className={styles.under}>{stateOf(app)}</span>
                  </th>
                  <td>{app.users.map(escapeText).join(', ') || 'not known'}</td>
                  <td className="number">{formatCount(app.connections)}</td>
                  <td className={app.refused > 0 ? `number ${styles.refused}` : 'number'}>
                    {formatCount(app.refused)}
                  </td>
                  <td className="number">
                    {app.bytesOut === null ? (
                      <span className="quiet">not counted</span>
                    ) : (
                      `${formatBytes(app.bytesOut)}, ${formatBytes(app.bytesIn ?? 0)}`
                    )}
                  </td>
                  <td className="number">{formatAge(app.last, now)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length > drawnAtMost && (
        <p className="quiet">The first {drawnAtMost} are shown; search to find the others.</p>
      )}
    </>
  );
}

function stateOf({ connections, refused, destinations }: AppView): string {
  const state = refused === 0 ? 'all allowed' : refused === connections ? 'all refused' : 'some refused';
  return `${state} · ${formatCount(destinations)} ${destinations === 1 ? 'place' : 'places'}`;
}
