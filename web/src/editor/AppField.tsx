// Which programs a rule is for: each by what it is known by; all that is said of one must hold.
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import { escapeText } from '#std/text.ts';
import styles from './editor.module.css';
import { appKinds } from './fields.ts';
import { type AppEntry, appEntries, appValue } from './ruledocument.ts';

interface Props {
  readonly value: unknown;
  readonly disabled: boolean;
  readonly set: (value: unknown) => void;
}

/** What the form has no field for: a process, the kernel. It stays as it is. */
const others = (entry: AppEntry) => Object.entries(entry).filter(([key]) => !appKinds.some((kind) => kind.key === key));

export function AppField({ value, disabled, set }: Props) {
  const entries = appEntries(value);
  // Fields that were asked for and say nothing yet are no part of the rule.
  const [blank, setBlank] = useState(0);
  const [asked, setAsked] = useState<readonly string[]>([]);
  const shown: readonly AppEntry[] = [
    ...entries,
    ...Array.from({ length: Math.max(blank, entries.length === 0 ? 1 : 0) }, () => ({})),
  ];
  const put = (at: number, entry: AppEntry) => {
    if (at >= entries.length) setBlank(Math.max(0, blank - 1));
    set(appValue(shown.map((old, index) => (index === at ? entry : old))));
  };
  return (
    <div className={styles.apps}>
      {shown.map((entry, at) => (
        <fieldset
          // biome-ignore lint/suspicious/noArrayIndexKey: an app is known by its place
          key={at}
          disabled={disabled}
          className={styles.app}
        >
          <legend className="unseen">App {at + 1}</legend>
          {appKinds.map(({ key, label, hint }) => {
            const text = entry[key];
            const more = key !== 'path' && text === undefined && !asked.includes(`${at} ${key}`);
            return more ? null : (
              <label key={key}>
                <span>{label}</span>
                <input
                  value={typeof text === 'string' ? text : ''}
                  placeholder={hint}
                  spellCheck={false}
                  onChange={({ target }) => put(at, { ...entry, [key]: target.value })}
                />
              </label>
            );
          })}
          {others(entry).length > 0 && (
            <p className="quiet">
              {escapeText(
                others(entry)
                  .map(([key, one]) => `${key} ${String(one)}`)
                  .join(', '),
              )}
            </p>
          )}
          <div className={styles.appTools}>
            <label>
              <span className="unseen">Ask for more of app {at + 1}</span>
              <select value="" onChange={({ target }) => setAsked([...asked, `${at} ${target.value}`])}>
                <option value="">and …</option>
                {appKinds
                  .filter(({ key }) => key !== 'path' && entry[key] === undefined)
                  .map(({ key, label }) => (
                    <option key={key} value={key}>
                      {label}
                    </option>
                  ))}
              </select>
            </label>
            {entries.length > 0 && (
              <button
                type="button"
                className="plain"
                onClick={() => {
                  setAsked([]);
                  set(appValue(shown.filter((_, index) => index !== at)));
                }}
              >
                <X size={15} aria-hidden />
                <span className="unseen">Take app {at + 1} away</span>
              </button>
            )}
          </div>
        </fieldset>
      ))}
      {entries.length > 0 && (
        <button type="button" disabled={disabled} onClick={() => setBlank(blank + 1)}>
          <Plus size={15} aria-hidden /> Another app
        </button>
      )}
    </div>
  );
}
