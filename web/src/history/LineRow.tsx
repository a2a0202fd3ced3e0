// One connection of the log.
import type { LogLine } from '#model/api.ts';
import { destinationName, formatPlace } from '#model/sentence.ts';
import { escapeText } from '#std/text.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import { EvidenceMark } from '../parts/EvidenceMark.tsx';
import { formatBytes, formatMoment, reasonTexts } from '../parts/words.ts';
import styles from './history.module.css';

const arrows = { out: '', in: '← ', forward: '⇢ ' } as const;

interface Props {
  readonly line: LogLine;
  readonly now: number;
  readonly explain: () => void;
}

export function LineRow({ line, now, explain }: Props) {
  const { time, action, enforced, app, user, attempt, rule, reason, end, evidence } = line;
  const place = formatPlace(line);
  const direction = attempt.flow.direction ?? 'out';
  const local = direction === 'in' ? ` to port ${attempt.flow.local?.port ?? 0}` : '';
  return (
    <div
      role="row"
      tabIndex={0}
      data-row={line.id}
      className={styles.row}
      title="Why?"
      onClick={explain}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        explain();
      }}
    >
      <span role="cell" className={styles.time}>
        {formatMoment(time, now)}
      </span>
      <span role="cell">
        <ActionMark action={action} enforced={enforced} />
      </span>
      <span role="cell" className={styles.app}>
        <b>{escapeText(app)}</b> {user !== null && <span className="quiet">{escapeText(user)}</span>}
      </span>
      <span role="cell" className={styles.place}>
        <EvidenceMark evidence={evidence} />
        <span>
          {arrows[direction]}
          {destinationName(attempt)}
          {local} {place !== '' && <span className="quiet">{place}</span>}
        </span>
      </span>
      <span role="cell" className={styles.why}>
        {reason === 'rule' && rule !== null ? escapeText(rule) : reasonTexts[reason]}
      </span>
      <span role="cell" className={`number ${styles.bytes}`}>
        {end === undefined ? '–' : formatBytes(end.bytesOut + end.bytesIn)}
      </span>
    </div>
  );
}
