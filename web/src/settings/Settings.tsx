// What can be set: of Postern while it runs, of these pages in this browser; and of the rest, how it is changed.
import { useState } from 'react';
import type { ChangeSettings, SettingView } from '#model/machine/settings.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useKeys } from '../hooks/keys.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useLive } from '../live/live.ts';
import { Help } from '../now/Help.tsx';
import { undoChange } from '../parts/changes.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { choices, type Preferences, prefer, usePreferences } from './preferences.ts';
import styles from './settings.module.css';

const names: Readonly<Record<string, string>> = {
  hold: 'Questions wait',
  fail: 'Fail mode',
  'journal-days': 'Journal, how long',
  'journal-megabytes': 'Journal, how large',
  'lists-hours': 'Block lists are looked at every',
  mode: 'Mode',
  unanswered: 'Unanswered questions',
  forward: 'Forwarded connections',
  pages: 'These pages',
  countries: 'Countries and networks',
  rules: 'Rule files',
  state: 'State',
};

export function Page() {
  const changed = useLive((live) => live.told.statusChanged);
  const mayChange = useLive((live) => live.person?.administrator === true);
  const { value, failure, again } = useAsked(() => api.settings(), [changed]);
  const [help, showHelp] = useState(false);
  useKeys((key) => {
    if (key !== '?') return false;
    showHelp(true);
    return true;
  });
  const set = async (change: ChangeSettings) => {
    const done = await api.changeSettings(change);
    if (!done.ok) return sayFailure(done.error);
    say('It is set, and holds now.', () => void undoChange().then(again));
    void again();
  };
  const fixed = value?.filter(({ how }) => how !== null) ?? [];
  return (
    <>
      <PageHead
        title="Settings"
        tools={
          <button type="button" onClick={() => showHelp(true)}>
            Keys of the pages
          </button>
        }
      >
        What is set here holds at once and after a restart, and can be undone.
      </PageHead>
      <Trouble failure={failure} />
      {!mayChange && <p className="quiet">Only administrators change how Postern works.</p>}
      <section className={styles.part} aria-labelledby="while-it-runs">
        <h2 id="while-it-runs">Postern</h2>
        <ul>
          {value
            ?.filter(({ how }) => how === null)
            .map((view) => (
              <li key={`${view.key} ${view.value}`}>
                <Setting view={view} mayChange={mayChange} set={set} />
              </li>
            ))}
        </ul>
      </section>
      <Look />
      <section className={styles.part} aria-labelledby="elsewhere">
        <h2 id="elsewhere">Changed elsewhere</h2>
        <ul>
          {fixed.map(({ key, value: now, text, how }) => (
            <li key={key} className={styles.setting}>
              <div className={styles.what}>
                <h3>{names[key] ?? escapeText(key)}</h3>
                <p>{escapeText(text)}</p>
                <p className="quiet">To change it: {escapeText(how ?? '')}.</p>
              </div>
              <p className={styles.value}>{escapeText(String(now))}</p>
            </li>
          ))}
        </ul>
      </section>
      {help && <Help close={() => showHelp(false)} />}
    </>
  );
}

interface SettingProps {
  readonly view: SettingView;
  readonly mayChange: boolean;
  readonly set: (change: ChangeSettings) => Promise<void>;
}

function Setting({ view, mayChange, set }: SettingProps) {
  const { key, value, unit, words, least, most, source } = view;
  const [text, setText] = useState(String(value));
  const changed = text !== String(value);
  return (
    <form
      className={styles.setting}
      onSubmit={(event) => {
        event.preventDefault();
        void set({ [key]: words === null ? Number(text) : text } as ChangeSettings);
      }}
    >
      <div className={styles.what}>
        <h3 id={`setting-${key}`}>{names[key] ?? escapeText(key)}</h3>
        <p id={`about-${key}`}>{escapeText(view.text)}</p>
      </div>
      <div className={styles.acts}>
        {words === null ? (
          <input
            type="number"
            required
            aria-labelledby={`setting-${key}`}
            aria-describedby={`about-${key}`}
            min={least ?? undefined}
            max={most ?? undefined}
            disabled={!mayChange}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        ) : (
          <select
            aria-labelledby={`setting-${key}`}
            aria-describedby={`about-${key}`}
            disabled={!mayChange}
            value={text}
            onChange={({ target }) => setText(target.value)}
          >
            {words.map((word) => (
              <option key={word}>{word}</option>
            ))}
          </select>
        )}
        {unit !== null && <span className="quiet">{unit}</span>}
        <button type="submit" className={changed ? 'main' : undefined} disabled={!mayChange || !changed}>
          Set<span className="unseen"> {names[key]}</span>
        </button>
        {source === 'chosen' && !changed && (
          <button
            type="button"
            disabled={!mayChange}
            onClick={() => void set({ [key]: null } as ChangeSettings)}
            title={`As it comes: ${view.default}`}
          >
            As it comes<span className="unseen">: {names[key]}</span>
          </button>
        )}
      </div>
    </form>
  );
}

const looks: readonly {
  readonly key: keyof Preferences;
  readonly name: string;
  readonly words: Readonly<Record<string, string>>;
}[] = [
  { key: 'theme', name: 'Colours', words: { auto: 'as the system', light: 'light', dark: 'dark' } },
  { key: 'motion', name: 'Motion', words: { auto: 'as the system', reduced: 'none' } },
  { key: 'times', name: 'Times', words: { local: 'of this place', utc: 'UTC' } },
];

function Look() {
  const preferences = usePreferences();
  return (
    <section className={styles.part} aria-labelledby="this-browser">
      <h2 id="this-browser">These pages, in this browser</h2>
      {looks.map(({ key, name, words }) => (
        <fieldset key={key} className={styles.look}>
          <legend>{name}</legend>
          {choices[key].map((word) => (
            <label key={word}>
              <input
                type="radio"
                name={`look-${key}`}
                checked={preferences[key] === word}
                onChange={() => prefer({ [key]: word })}
              />
              {words[word]}
            </label>
          ))}
        </fieldset>
      ))}
    </section>
  );
}
