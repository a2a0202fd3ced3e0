// One rule in the order of evaluation, with its details on demand.
import { ChevronDown, ChevronRight, Trash2 } from 'lucide-react';
import type { RuleView } from '#model/api.ts';
import { escapeText, formatJson } from '#std/text.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import { Switch } from '../parts/Switch.tsx';
import { formatAge, formatCount, formatMoment } from '../parts/words.ts';
import styles from './rules.module.css';

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
      {open && <Details view={view} now={now} />}
    </li>
  );
}

function Details({ view, now }: { readonly view: RuleView; readonly now: number }) {
  const { source, lastHit, expires, lifetime, shadowedBy, rule, origin } = view;
  const { note } = rule;
  return (
    <div className={styles.details}>
      <dl>
        {note !== undefined && (
          <div>
            <dt>Note</dt>
            <dd>{escapeText(note)}</dd>
          </div>
        )}
        <div>
          <dt>Where it stands</dt>
          <dd>
            {source === null
              ? origin === 'builtin'
                ? 'it comes with Postern'
                : 'with the temporary rules and answers'
              : `${escapeText(source.file)}, line ${source.line}`}
          </dd>
        </div>
        <div>
          <dt>Last decided</dt>
          <dd>{lastHit === null ? 'never' : formatMoment(lastHit, now)}</dd>
        </div>
        <div>
          <dt>Lives</dt>
          <dd>{expires !== null ? `until ${formatMoment(expires, now)}` : (lifetime ?? 'always')}</dd>
        </div>
        {shadowedBy.length > 0 && (
          <div>
            <dt>Never decides</dt>
            <dd>because of {shadowedBy.map((name) => `“${escapeText(name)}”`).join(', ')}, before it</dd>
          </div>
        )}
      </dl>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by the keyboard */}
      <pre tabIndex={0}>{formatJson(rule, 2)}</pre>
    </div>
  );
}
