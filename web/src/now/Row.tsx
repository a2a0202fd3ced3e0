// One row of the tree.
import { ChevronDown, ChevronRight } from 'lucide-react';
import { memo } from 'react';
import { type Node, stateOf } from '#client/live/tree.ts';
import type { LogLine } from '#model/api.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import { EvidenceMark } from '../parts/EvidenceMark.tsx';
import { formatAge, formatBytes, formatCount } from '../parts/words.ts';
import styles from './now.module.css';

interface Props {
  readonly node: Node;
  readonly now: number;
  readonly open: boolean;
  readonly turn: (node: Node) => void;
  readonly explain: (line: LogLine) => void;
}

/** Drawn again only when something of it is another. */
export const TreeRow = memo(function TreeRow({ node, now, open, turn, explain }: Props) {
  const { key, level, title, detail, connections, byAction, bytes, last, line } = node;
  const leaf = level === 3;
  const state = stateOf(node);
  const others = byAction[state] < connections;
  const act = () => (leaf ? explain(line) : turn(node));
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <div
      role="treeitem"
      aria-level={level}
      aria-expanded={leaf ? undefined : open}
      tabIndex={0}
      data-row={key}
      className={`${styles.row} ${styles[`level${level}`]}`}
      onClick={act}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        act();
      }}
    >
      <span className={styles.what}>
        {leaf ? <span className={styles.twig} /> : <Chevron size={16} aria-hidden />}
        <span className={styles.title} title={title}>
          {title}
        </span>
        {detail !== '' && <span className={styles.detail}>{detail}</span>}
      </span>
      <span className={styles.state}>
        <ActionMark action={state} enforced={line.enforced} />
        {others && (
          <span className="quiet">
            {byAction[state]} of {connections}
          </span>
        )}
        {level === 1 && <Pulse pulse={node.pulse} />}
      </span>
      <span className={`number ${styles.count}`}>
        {formatCount(connections)}
        <span className="unseen"> connections</span>
      </span>
      <span className={`number ${styles.bytes}`}>{bytes === 0 ? '–' : formatBytes(bytes)}</span>
      <span className={`number ${styles.age}`}>{formatAge(last, now)}</span>
      <span className={styles.mark}>
        <EvidenceMark evidence={line.evidence} />
      </span>
    </div>
  );
});

/** How often in the time that is shown. */
function Pulse({ pulse }: { readonly pulse: readonly number[] }) {
  const most = Math.max(1, ...pulse);
  return (
    <svg
      className={styles.pulse}
      viewBox={`0 0 ${pulse.length * 4} 16`}
      width={pulse.length * 4}
      height="16"
      aria-hidden
    >
      {pulse.map((count, at) => {
        const height = count === 0 ? 0 : Math.max(2, (count / most) * 15);
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is what a bar is
        return <rect key={at} x={at * 4} y={16 - height} width="3" height={height} />;
      })}
    </svg>
  );
}
