// Views with a name, kept in this browser: what the address of the page says, to come back to.
import { X } from 'lucide-react';
import { useState } from 'react';
import { escapeText } from '#std/text.ts';
import type { SearchText } from '../hooks/search.ts';
import { say } from '../parts/saying.ts';
import styles from './history.module.css';

const key = 'postern.history-views';
const maxViews = 50;
const maxName = 60;
const parts = ['q', 'range', 'from', 'to', 'by', 'than', 'thanFrom', 'thanTo'] as const;

interface SavedView {
  readonly name: string;
  readonly view: SearchText;
}

/** Storage may be forbidden, or hold what another version wrote. */
function read(): readonly SavedView[] {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? '[]') as unknown;
    if (!Array.isArray(kept)) return [];
    return kept.filter((one): one is SavedView => typeof one?.name === 'string' && typeof one.view === 'object');
  } catch {
    return [];
  }
}

function write(views: readonly SavedView[]): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(views));
    return true;
  } catch {
    return false;
  }
}

interface Props {
  readonly view: SearchText;
  readonly change: (parts: SearchText) => void;
}

const viewOf = (view: SearchText): SearchText => Object.fromEntries(parts.map((part) => [part, view[part]]));

export function SavedViews({ view, change }: Props) {
  const [views, setViews] = useState(read);
  const [name, setName] = useState('');
  const keep = (next: readonly SavedView[]) => {
    setViews(next);
    if (!write(next)) say('This browser keeps nothing for this page: the view is gone when the page is closed.');
  };
  const save = () => {
    const called = name.trim().slice(0, maxName);
    if (called === '') return;
    keep([...views.filter((one) => one.name !== called), { name: called, view: viewOf(view) }].slice(-maxViews));
    setName('');
    say(`The view “${called}” is kept in this browser.`);
  };
  const forget = (gone: SavedView) => {
    keep(views.filter((one) => one !== gone));
    say(`The view “${gone.name}” is forgotten.`, () => keep(views));
  };
  return (
    <details className={styles.saved}>
      <summary>Views{views.length > 0 && ` (${views.length})`}</summary>
      <div>
        <ul>
          {views.map((one) => (
            <li key={one.name}>
              <button type="button" className="plain" onClick={() => change(viewOf(one.view))}>
                {escapeText(one.name)}
              </button>
              <button type="button" className="plain" onClick={() => forget(one)}>
                <X size={14} aria-hidden />
                <span className="unseen">Forget the view {escapeText(one.name)}</span>
              </button>
            </li>
          ))}
        </ul>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save();
          }}
        >
          <label>
            <span className="unseen">Name of this view</span>
            <input
              value={name}
              maxLength={maxName}
              placeholder="Name of this view"
              onChange={({ target }) => setName(target.value)}
            />
          </label>
          <button type="submit" disabled={name.trim() === ''}>
            Keep
          </button>
        </form>
        <p className="quiet">Views are kept in this browser. Their address can be sent to others, too.</p>
      </div>
    </details>
  );
}
