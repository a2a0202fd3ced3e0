// What addresses are called, for whom, by which evidence, and until when.
import { Search } from 'lucide-react';
import { useEffect, useState } from 'react';
import { sourceTexts } from '#client/question/words.ts';
import { parseAddress } from '#model/net/address.ts';
import type { NameView } from '#model/net/nameview.ts';
import { formatPlace } from '#model/sentence.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useKeys } from '../hooks/keys.ts';
import { useView } from '../hooks/search.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { Trouble } from '../parts/Trouble.tsx';
import { formatAge, formatCount } from '../parts/words.ts';
import styles from './names.module.css';

const limit = 1000;

const lastPart = (path: string) => path.slice(path.lastIndexOf('/') + 1) || path;

function askerText({ asker }: NameView): string {
  if (asker === null) return 'nobody knows who asked: it counts for all';
  const app =
    asker.app === null ? (asker.pid === null ? 'an unknown program' : `process ${asker.pid}`) : lastPart(asker.app);
  return escapeText(`${app}${asker.uid === null ? '' : ` (uid ${asker.uid})`}`);
}

export function Page() {
  const { view, change } = useView();
  const now = useNow(10_000);
  const [text, setText] = useState(view.q ?? '');
  const wanted = (view.q ?? '').trim();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is written counts
  useEffect(() => {
    if (text === (view.q ?? '')) return;
    const timer = setTimeout(() => change({ q: text }), 300);
    return () => clearTimeout(timer);
  }, [text]);
  const { value, failure, again } = useAsked(
    () => api.names({ ...(parseAddress(wanted) === undefined ? { name: wanted } : { address: wanted }), limit }),
    [wanted],
  );
  useKeys(() => false);
  return (
    <>
      <PageHead
        title="Names"
        tools={
          <>
            <label className={styles.search}>
              <Search size={16} aria-hidden />
              <span className="unseen">A name or an address</span>
              <input
                type="search"
                data-search
                placeholder="A name or an address"
                value={text}
                onChange={({ target }) => setText(target.value)}
              />
            </label>
            <button type="button" onClick={() => void again()}>
              Ask again
            </button>
          </>
        }
      >
        An address has a name only with evidence: an answer to a question that this machine asked, or what a connection
        says itself.
      </PageHead>
      <Trouble failure={failure} />
      {value?.length === 0 && <p className="quiet">No name is known {wanted === '' ? 'yet' : 'for that'}.</p>}
      {value !== undefined && value.length > 0 && (
        <div className={styles.frame}>
          <table className={styles.table}>
            <caption className="unseen">Names of addresses</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Address</th>
                <th scope="col">Known by</th>
                <th scope="col">For</th>
                <th scope="col" className="number">
                  Ends in
                </th>
              </tr>
            </thead>
            <tbody>
              {value.map((one) => (
                <tr
                  key={`${one.name} ${one.address} ${one.from} ${one.asker?.app} ${one.asker?.uid} ${one.asker?.pid}`}
                >
                  <th scope="row">
                    {escapeText(one.name)}
                    {one.canonical !== null && (
                      <span className={styles.under}>by way of {escapeText(one.canonical)}</span>
                    )}
                  </th>
                  <td>
                    {one.address} <span className="quiet">{formatPlace(one)}</span>
                  </td>
                  <td>
                    {sourceTexts[one.from]}
                    {one.server !== null && <span className={styles.under}>{escapeText(one.server)}</span>}
                    {one.ownServer && <span className={styles.warn}>a name server of its own: no rule goes by it</span>}
                  </td>
                  <td>{askerText(one)}</td>
                  <td className="number">{formatAge(now, one.until)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {value?.length === limit && (
        <p className="quiet">The newest {formatCount(limit)} are shown; write more to find others.</p>
      )}
    </>
  );
}
