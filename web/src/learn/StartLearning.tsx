// The form that begins to learn.
import { useState } from 'react';
import type { LearnSubject } from '#model/learn/learning.ts';
import { Chips } from '../choices/Chips.tsx';
import { Sheet } from '../parts/Sheet.tsx';
import styles from './learn.module.css';

interface Props {
  readonly close: () => void;
  readonly start: (subject: LearnSubject, minutes: number) => void;
}

const kinds = [
  { key: 'app', text: 'a program', value: 'app' },
  { key: 'unit', text: 'a systemd unit', value: 'unit' },
  { key: 'user', text: 'a user', value: 'user' },
  { key: 'all', text: 'everything', value: 'all' },
] as const;
type Kind = (typeof kinds)[number]['value'];

const spans = [
  { key: '10', text: '10 minutes', value: 10 },
  { key: '60', text: 'an hour', value: 60 },
  { key: '1440', text: 'a day', value: 1440 },
  { key: '10080', text: 'a week', value: 10_080 },
] as const;

const hints: Readonly<Record<Kind, string>> = {
  app: '/usr/bin/curl, or a glob',
  unit: 'nginx.service',
  user: 'a name or a number',
  all: '',
};

function subjectOf(kind: Kind, text: string): LearnSubject {
  if (kind === 'all') return {};
  if (kind === 'unit') return { app: { unit: text } };
  if (kind === 'user') return { user: /^\d+$/.test(text) ? Number(text) : text };
  return { app: text };
}

export function StartLearning({ close, start }: Props) {
  const [kind, setKind] = useState<Kind>('app');
  const [text, setText] = useState('');
  const [minutes, setMinutes] = useState(60);
  return (
    <Sheet title="Learn" close={close} narrow>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          start(subjectOf(kind, text.trim()), minutes);
          close();
        }}
      >
        <Chips label="Whom" choices={kinds} chosen={kind} choose={setKind} />
        {kind !== 'all' && (
          <label>
            <span>Which</span>
            <input
              required
              value={text}
              placeholder={hints[kind]}
              spellCheck={false}
              onChange={({ target }) => setText(target.value)}
            />
          </label>
        )}
        <Chips label="How long" choices={spans} chosen={String(minutes)} choose={setMinutes} />
        <p className="quiet">
          For this time it may do what no rule refuses, without questions. Then you see what that was, and keep what is
          right as rules.
        </p>
        <div className={styles.buttons}>
          <button type="submit" className="main">
            Begin to learn
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Sheet>
  );
}
