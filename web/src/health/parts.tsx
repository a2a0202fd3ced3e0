// What stands on Health again and again: a part with its heading, and a finding with its mark.
import { CircleCheck, CircleMinus, CircleX } from 'lucide-react';
import type { ReactNode } from 'react';
import { escapeText } from '#std/text.ts';
import type { Finding } from './findings.ts';
import styles from './health.module.css';

const marks = {
  yes: { icon: CircleCheck, word: 'good' },
  partly: { icon: CircleMinus, word: 'in part' },
  no: { icon: CircleX, word: 'not good' },
} as const;

export function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={styles.part}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function FindingRow({ finding: { name, ok, text, hint } }: { readonly finding: Finding }) {
  const { icon: Icon, word } = marks[ok];
  return (
    <li className={styles.finding}>
      <span className={styles[ok]}>
        <Icon size={16} aria-hidden />
        <span className="unseen">{word}:</span>
      </span>
      <b>{name}</b>
      <span>
        {escapeText(text)}
        {hint !== undefined && <span className="quiet"> {escapeText(hint)}</span>}
      </span>
    </li>
  );
}
