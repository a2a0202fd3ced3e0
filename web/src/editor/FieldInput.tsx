// One field of the form: what it is depends on what the key takes; what is wrong with it is said right under it.
import { useEffect, useId, useState } from 'react';
import type { TextProblem } from '#model/shown/ruletext.ts';
import { escapeText } from '#std/text.ts';
import { AppField } from './AppField.tsx';
import styles from './editor.module.css';
import { type Field, fields, type RuleKey } from './fields.ts';
import { fromLines, toLines } from './ruledocument.ts';

interface Props {
  readonly name: RuleKey;
  readonly value: unknown;
  readonly problems: readonly TextProblem[];
  readonly disabled: boolean;
  readonly set: (value: unknown) => void;
}

export function FieldInput({ name, value, problems, disabled, set }: Props) {
  const id = useId();
  const field: Field = fields[name];
  const wrong = problems.length > 0 ? `${id}-wrong` : undefined;
  const shared = { id, disabled, 'aria-invalid': wrong !== undefined, 'aria-describedby': wrong } as const;
  return (
    <div className={styles.field}>
      {field.kind.type === 'app' || field.kind.type === 'some' ? (
        <span>{field.label}</span>
      ) : (
        <label htmlFor={id}>{field.label}</label>
      )}
      <div>
        <Input {...{ field, value, set, shared }} />
        {wrong !== undefined && (
          <p id={wrong} className={styles.wrong}>
            {problems.map(({ line, column, message }) => (
              <span key={`${line}:${column}:${message}`}>{escapeText(message)}</span>
            ))}
          </p>
        )}
      </div>
    </div>
  );
}

interface InputProps {
  readonly field: Field;
  readonly value: unknown;
  readonly set: (value: unknown) => void;
  readonly shared: { readonly id: string; readonly disabled: boolean };
}

function Input({ field: { kind, hint, label }, value, set, shared }: InputProps) {
  switch (kind.type) {
    case 'lines':
      return <Lines {...{ hint, value, set, shared }} numbers={kind.numbers === true} />;
    case 'text':
      return (
        <input
          {...shared}
          value={typeof value === 'string' ? value : String(value ?? '')}
          placeholder={hint}
          spellCheck={false}
          onChange={({ target }) => set(target.value === '' ? undefined : target.value)}
        />
      );
    case 'number':
      return (
        <input
          {...shared}
          inputMode="numeric"
          value={value === undefined ? '' : String(value)}
          placeholder={hint}
          onChange={({ target }) => {
            const text = target.value.trim();
            set(text === '' ? undefined : /^-?\d{1,9}$/.test(text) ? Number(text) : text);
          }}
        />
      );
    case 'switch': {
      // Only of `enabled` is it the other way round: what says nothing is on.
      const on = label === 'Switched on' ? value !== false : value === true;
      const off = label === 'Switched on' ? false : undefined;
      const said = label === 'Switched on' ? undefined : true;
      return (
        <input {...shared} type="checkbox" checked={on} onChange={({ target }) => set(target.checked ? said : off)} />
      );
    }
    case 'one':
      return (
        <select
          {...shared}
          value={String(value ?? '')}
          onChange={({ target }) => set(target.value === '' ? undefined : target.value)}
        >
          {label !== 'Action' && <option value="">not said</option>}
          {kind.of.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      );
    case 'some':
      return <Some {...{ label, value, set, shared }} of={kind.of} />;
    case 'app':
      return <AppField {...{ value, set }} disabled={shared.disabled} />;
    case 'tests':
      return null;
  }
}

/** What is typed stays as it is typed, until the text says something else. */
function Lines({
  hint,
  value,
  set,
  shared,
  numbers,
}: Omit<InputProps, 'field'> & { readonly hint: string; readonly numbers: boolean }) {
  const said = toLines(value);
  const [typed, setTyped] = useState(said);
  useEffect(() => {
    setTyped((before) => (toLines(fromLines(before, numbers)) === said ? before : said));
  }, [said, numbers]);
  return (
    <textarea
      {...shared}
      rows={Math.min(12, Math.max(1, typed.split('\n').length))}
      value={typed}
      placeholder={hint}
      spellCheck={false}
      onChange={({ target }) => {
        setTyped(target.value);
        set(fromLines(target.value, numbers));
      }}
    />
  );
}

function Some({
  label,
  of,
  value,
  set,
  shared,
}: Omit<InputProps, 'field'> & { readonly label: string; readonly of: readonly string[] }) {
  const chosen = value === undefined ? [] : [value].flat().map(String);
  const turn = (one: string, on: boolean) => {
    const next = of.filter((other) => (other === one ? on : chosen.includes(other)));
    set(next.length > 1 ? next : next[0]);
  };
  return (
    <fieldset className={styles.some} disabled={shared.disabled}>
      <legend className="unseen">{label}</legend>
      {of.map((one) => (
        <label key={one}>
          <input type="checkbox" checked={chosen.includes(one)} onChange={({ target }) => turn(one, target.checked)} />
          {one}
        </label>
      ))}
    </fieldset>
  );
}
