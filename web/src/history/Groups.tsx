// Connections together by a field, and beside them how it was in another time.

import type { FieldName } from '#model/query/fields.ts';
import type { Groups as GroupsView } from '#model/query/history.ts';
import { escapeText } from '#std/text.ts';
import { formatBytes, formatCount, formatMoment } from '../parts/words.ts';
import styles from './history.module.css';

interface Props {
  readonly by: FieldName;
  readonly groups: GroupsView;
  readonly now: number;
  /** Asks for this value alone. */
  readonly open: (value: string) => void;
}

type Group = GroupsView['groups'][number];

/** What became of a group since the other time, in a word. */
export function changeOf({ connections, before }: Group): string {
  if (before === undefined) return '';
  if (before.connections === 0) return 'new';
  if (connections === 0) return 'gone';
  const more = connections - before.connections;
  return more === 0 ? 'the same' : `${more > 0 ? '+' : '−'}${formatCount(Math.abs(more))}`;
}

export function Groups({ by, groups, now, open }: Props) {
  const compared = groups.totalBefore !== undefined;
  const head = [by, 'Connections', ...(compared ? ['Before', 'Change'] : []), 'Refused', 'Bytes', 'First', 'Last'];
  const moment = (time: number | null) => (time === null ? '–' : formatMoment(time, now));
  return (
    <div className={styles.scroll}>
      <table className={styles.groups}>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.groups.map((group) => (
            <tr key={group.value}>
              <th scope="row">
                <button type="button" className="row" data-row={group.value} onClick={() => open(group.value)}>
                  {group.value === '' ? <i>none known</i> : escapeText(group.value)}
                </button>
              </th>
              <td>{formatCount(group.connections)}</td>
              {compared && (
                <>
                  <td>{formatCount(group.before?.connections ?? 0)}</td>
                  <td>{changeOf(group)}</td>
                </>
              )}
              <td>{formatCount(group.refused)}</td>
              <td>{group.bytes === null ? '–' : formatBytes(group.bytes)}</td>
              <td>{moment(group.first)}</td>
              <td>{moment(group.last)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {groups.distinct > groups.groups.length && (
        <p className="quiet">and {formatCount(groups.distinct - groups.groups.length)} more</p>
      )}
    </div>
  );
}
