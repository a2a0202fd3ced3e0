// A row of choices of which one holds: radio buttons that look like chips.
import { useId } from 'react';
import type { Choice } from '#client/question/meaning.ts';
import styles from './choices.module.css';

interface Props<Value> {
  readonly label: string;
  readonly choices: readonly Choice<Value>[];
  readonly chosen: string;
  readonly choose: (value: Value) => void;
}

export function Chips<Value>({ label, choices, chosen, choose }: Props<Value>) {
  const name = useId();
  return (
    <fieldset className={styles.chips}>
      <legend>{label}</legend>
      <div>
        {choices.map(({ key, text, value }) => (
          <label key={key} className={styles.chip}>
            <input type="radio" name={name} checked={key === chosen} onChange={() => choose(value)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
