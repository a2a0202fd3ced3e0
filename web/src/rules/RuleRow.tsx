// One rule in the order of evaluation, with its details on demand.
import { ChevronDown, ChevronRight, Trash2 } from 'lucide-react';
import { lazy, Suspense } from 'react';
import type { RuleView } from '#model/api.ts';
import { escapeText } from '#std/text.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import { Switch } from '../parts/Switch.tsx';
import { formatAge, formatCount } from '../parts/words.ts';
import styles from './rules.module.css';

const Details = lazy(() => import('./Details.tsx').then(({ Details }) => ({ default: Details })));

const originTexts = {
  builtin: 'comes with Postern',
  file: 'rule file',
  local: 'command line or pages',
  answer: 'answer',
} as const;

interface Props {
  readonly view: RuleView;
  readonly place: number;
  readonly now: number;
  readonly open: boolean;
  readonly mayChange: boolean;
  readonly turn: () => void;
  readonly enable: (on: boolean) => void;
  readonly remove: () => void;
}

/** A sentence begins with its action, which the mark says already. */
const sentenceOf = ({ text, action }: RuleView) =>
  escapeText(text.startsWith(`${action} `) ? text.slice(action.length + 1) : text);

export function RuleRow({ view, place, now, open, mayChange, turn, enable, remove }: Props) {
  const { name, action, origin, enabled, hits, lastHit, expires, lifetime, shadowedBy, priority } = view;
  const Chevron = open ? ChevronDown : ChevronRight;
  const until =
    expires !== null
      ? `ends in ${formatAge(now, expires)}`
      : lifetime === 'boot'
        ? 'until reboot'
        : lifetime === 'exit'
          ? 'until it exits'
          : '';
  const mayRemove = mayChange && origin !== 'builtin' && origin !== 'file';
  return (
    <li className={enabled ? styles.rule : `${styles.rule} ${styles.off}`}>
      <span className={`number quiet ${styles.place}`}>{place}</span>
      <button type="button" data-row={name} aria-expanded={open} className={`row ${styles.turn}`} onClick={turn}>
        <Chevron size={16} aria-hidden />
        <span className={styles.text}>
          <span className={styles.sentenceLine}>
            <ActionMark action={action} plain /> {sentenceOf(view)}
          </span>
          <span className={styles.under}>
            {escapeText(name)} · {originTexts[origin]}
            {priority !== 0 && ` · priority ${priority}`}
            {until !== '' && ` · ${until}`}
            {!enabled && ' · switched off'}
            {shadowedBy.length > 0 && <b className={styles.warn}> · never decides</b>}
          </span>
        </span>
      </button>
      <span className={styles.hits}>
        {hits === 0 ? (
          <span className="quiet">never used</span>
        ) : (
          <>
            {formatCount(hits)}× <span className="quiet">{lastHit !== null && `${formatAge(lastHit, now)} ago`}</span>
          </>
        )}
      </span>
      <span className={styles.acts}>
        <Switch label={`Rule ${escapeText(name)}`} on={enabled} disabled={!mayChange} turn={enable} />
        <button
          type="button"
          className="plain"
          disabled={!mayRemove}
          onClick={remove}
          title={mayRemove ? 'Remove this rule' : 'It can only be switched off here'}
        >
          <Trash2 size={16} aria-hidden />
          <span className="unseen">Remove {escapeText(name)}</span>
        </button>
      </span>
      {open && (
        <Suspense fallback={null}>
          <Details view={view} now={now} />
        </Suspense>
      )}
    </li>
  );
}
