// What became of something: a sign, a word and a colour, so that none of them is needed alone.
import { Ban, Check, CircleQuestionMark, FileText, Trash2 } from 'lucide-react';
import type { Action } from '#model/rule.ts';
import styles from './parts.module.css';

const marks = {
  allow: { icon: Check, done: 'allowed', would: 'allowed' },
  reject: { icon: Ban, done: 'refused', would: 'would be refused' },
  drop: { icon: Trash2, done: 'dropped', would: 'would be dropped' },
  ask: { icon: CircleQuestionMark, done: 'asked', would: 'would be asked' },
  log: { icon: FileText, done: 'recorded', would: 'recorded' },
} as const;

export const doneWord = (action: Action, enforced = true): string => marks[action][enforced ? 'done' : 'would'];

interface Props {
  readonly action: Action;
  readonly enforced?: boolean;
  /** What the action is called where nothing was done yet: `allow` and not `allowed`. */
  readonly plain?: boolean;
}

export function ActionMark({ action, enforced = true, plain = false }: Props) {
  const { icon: Icon } = marks[action];
  return (
    <span className={`${styles.action} ${styles[action]}`}>
      <Icon size={15} aria-hidden />
      {plain ? action : doneWord(action, enforced)}
    </span>
  );
}
