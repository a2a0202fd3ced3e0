// Which lists have a name or an address, and on which line.
import { useEffect, useState } from 'react';
import type { ListHit } from '#model/net/list.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useView } from '../hooks/search.ts';
import { sayFailure } from '../parts/saying.ts';
import styles from './lists.module.css';

export function Having() {
  const { view, change } = useView();
  const asked = (view.of ?? '').trim();
  const [text, setText] = useState(asked);
  const [hits, setHits] = useState<readonly ListHit[]>();
  useEffect(() => {
    setText(asked);
    setHits(undefined);
    if (asked === '') return;
    let current = true;
    void api.listsHaving(asked).then((found) => {
      if (!current) return;
      if (found.ok) setHits(found.value);
      else sayFailure(found.error);
    });
    return () => {
      current = false;
    };
  }, [asked]);
  return (
    <search className={styles.having}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change({ of: text });
        }}
      >
        <label>
          <span>Which lists have</span>
          <input
            type="search"
            data-search
            placeholder="a name or an address"
            spellCheck={false}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </label>
        <button type="submit">Look</button>
      </form>
      <div aria-live="polite">
        {hits?.length === 0 && <p>No list has {escapeText(asked)}.</p>}
        {hits !== undefined && hits.length > 0 && (
          <ul>
            {hits.map(({ list, entry, line, excepted }) => (
              <li key={`${list} ${entry} ${line}`}>
                <b>{escapeText(list)}</b> has it as <code>{escapeText(entry)}</code>
                {line !== null && `, line ${line}`}
                {excepted && ', but an exception takes it out'}
              </li>
            ))}
          </ul>
        )}
      </div>
    </search>
  );
}
