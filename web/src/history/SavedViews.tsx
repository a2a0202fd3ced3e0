// Views with a name, kept by Postern for whoever is signed in: what the address of the page says, to come back to, here or in a terminal.
import { X } from 'lucide-react';
import { useState } from 'react';
import type { SavedView, View } from '#model/query/view.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import type { Asked } from '../api/client.ts';
import type { SearchText } from '../hooks/search.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { say, sayFailure } from '../parts/saying.ts';
import styles from './history.module.css';

const maxName = 60;
const parts = ['q', 'range', 'from', 'to', 'by', 'than', 'thanFrom', 'thanTo'] as const;

interface Props {
  readonly view: SearchText;
  readonly change: (parts: SearchText) => void;
}

/** Of all parts, so that what one view says does not stay under another. */
const searchOf = (view: View): SearchText => Object.fromEntries(parts.map((part) => [part, view[part]]));
/** What of the address is said. */
const viewOf = (view: SearchText): View =>
  Object.fromEntries(
    parts.flatMap((part) => (view[part] === undefined || view[part] === '' ? [] : [[part, view[part]]])),
  );

export function SavedViews({ view, change }: Props) {
  const [name, setName] = useState('');
  const { value: views = [], again } = useAsked(() => api.views(), []);
  /** Whether it was done. */
  const done = async (asked: Promise<Asked<SavedView[]>>): Promise<boolean> => {
    const answer = await asked;
    if (!answer.ok) sayFailure(answer.error);
    await again();
    return answer.ok;
  };
  const save = async () => {
    const called = name.trim().slice(0, maxName);
    if (called === '' || !(await done(api.keepView(called, viewOf(view))))) return;
    setName('');
    say(`The view “${called}” is kept.`);
  };
  const forget = async (gone: SavedView) => {
    if (!(await done(api.forgetView(gone.name)))) return;
    say(`The view “${gone.name}” is forgotten.`, () => void done(api.keepView(gone.name, gone.view)));
  };
  return (
    <details className={styles.saved}>
      <summary>Views{views.length > 0 && ` (${views.length})`}</summary>
      <div>
        <ul>
          {views.map((one) => (
            <li key={one.name}>
              <button type="button" className="plain" onClick={() => change(searchOf(one.view))}>
                {escapeText(one.name)}
              </button>
              <button type="button" className="plain" onClick={() => void forget(one)}>
                <X size={14} aria-hidden />
                <span className="unseen">Forget the view {escapeText(one.name)}</span>
              </button>
            </li>
          ))}
        </ul>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void save();
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
        <p className="quiet">
          Views are yours, in each browser and as <code>postern log --view NAME</code>. Their address can be sent to
          others, too.
        </p>
      </div>
    </details>
  );
}
