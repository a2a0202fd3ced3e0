// The field for a query, with fields and values to choose from while it is written, and where it is wrong.
import { useEffect, useId, useRef, useState } from 'react';
import type { QueryError } from '#model/query/query.ts';
import type { TimeSpan } from '#model/query/view.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import styles from './history.module.css';
import { complete, placeAt } from './query/completion.ts';

interface Props {
  readonly value: string;
  readonly set: (text: string) => void;
  readonly error: QueryError | undefined;
  readonly time: TimeSpan;
}

const settleMs = 400;

/** The values of a field in this time, asked for once while it is being written. */
function useKnown(field: string | undefined, time: TimeSpan): readonly string[] {
  const [known, setKnown] = useState<{ field: string | undefined; values: readonly string[] }>({
    field: undefined,
    values: [],
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another time has no other values worth the question
  useEffect(() => {
    if (field === undefined) return;
    let wanted = true;
    void api.facets({ fields: field, ...time }).then((facets) => {
      if (wanted && facets.ok)
        setKnown({ field, values: facets.value.fields[0]?.values.map(({ value }) => value) ?? [] });
    });
    return () => {
      wanted = false;
    };
  }, [field]);
  return known.field === field ? known.values : [];
}

export function QueryBox({ value, set, error, time }: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [cursor, setCursor] = useState(value.length);
  const [open, setOpen] = useState(false);
  const [chosen, choose] = useState(-1);
  useEffect(() => setText(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is written counts
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => set(text), settleMs);
    return () => clearTimeout(timer);
  }, [text]);

  const place = placeAt(text, cursor);
  const known = useKnown(open ? place.field : undefined, time);
  const { from, to, options } = complete(place, known);
  const shown = open && options.length > 0;
  const write = (next: string, at: number) => {
    setText(next);
    setCursor(at);
    choose(-1);
  };
  const take = (index: number) => {
    const option = options[index];
    if (option === undefined) return;
    // Behind a value the next term begins; behind a field its value.
    const end = option.text.endsWith(':') ? '' : ' ';
    const next = `${text.slice(0, from)}${option.text}${end}${text.slice(to).trimStart()}`;
    const at = from + option.text.length + end.length;
    write(next, at);
    requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
    input.current?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const by = event.key === 'ArrowDown' ? 1 : -1;
      setOpen(true);
      choose((before) =>
        options.length === 0 ? -1 : (before + by + options.length + (before < 0 && by < 0 ? 1 : 0)) % options.length,
      );
      event.preventDefault();
    } else if ((event.key === 'Enter' || event.key === 'Tab') && shown && chosen >= 0) {
      take(chosen);
      event.preventDefault();
    } else if (event.key === 'Enter') {
      setOpen(false);
      set(text);
    } else if (event.key === 'Escape' && shown) {
      setOpen(false);
      event.stopPropagation();
      event.nativeEvent.stopImmediatePropagation();
    }
  };
  return (
    <div className={styles.box}>
      <label htmlFor={id} className="unseen">
        Which connections
      </label>
      <input
        id={id}
        ref={input}
        type="text"
        role="combobox"
        data-search
        aria-autocomplete="list"
        aria-expanded={shown}
        aria-controls={`${id}-options`}
        aria-activedescendant={shown && chosen >= 0 ? `${id}-${chosen}` : undefined}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : `${id}-error`}
        spellCheck={false}
        autoComplete="off"
        maxLength={2000}
        placeholder="app:firefox verdict:reject country:!DE, or any text"
        value={text}
        onChange={({ target }) => {
          setOpen(true);
          write(target.value, target.selectionStart ?? target.value.length);
        }}
        onSelect={({ currentTarget }) => setCursor(currentTarget.selectionStart ?? 0)}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <div
        id={`${id}-options`}
        role="listbox"
        aria-label="What may stand here"
        className={styles.options}
        hidden={!shown}
      >
        {options.map(({ text: option, about }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          <div
            key={option}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => take(index)}
          >
            <b>{escapeText(option)}</b> <span className="quiet">{about}</span>
          </div>
        ))}
      </div>
      {error !== undefined && (
        <p id={`${id}-error`} role="alert" className={styles.wrong}>
          <code>{escapeText(value.slice(error.at, error.at + error.length)).slice(0, 60)}</code> {error.message}
        </p>
      )}
    </div>
  );
}
