// How many connections there are of each value, beside the log: a click asks for a value, another leaves it out.
import { Check, X } from 'lucide-react';
import type { FieldName } from '#model/query/fields.ts';
import { kindOf } from '#model/query/fields.ts';
import type { Facets as FacetsView } from '#model/query/history.ts';
import type { Query } from '#model/query/query.ts';
import { escapeText } from '#std/text.ts';
import { formatCount } from '../parts/words.ts';
import styles from './history.module.css';
import { standingOf } from './query/edit.ts';

/** What is counted at first. */
export const firstFields = [
  'app',
  'verdict',
  'user',
  'domain',
  'country',
  'port',
  'rule',
  'direction',
] as const satisfies readonly FieldName[];

interface Props {
  readonly facets: FacetsView | undefined;
  readonly query: Query;
  readonly turn: (field: FieldName, value: string) => void;
  readonly all: boolean;
  readonly showAll: () => void;
}

const shown = (value: string) => (value === '' ? 'none known' : escapeText(value));

export function Facets({ facets, query, turn, all, showAll }: Props) {
  return (
    <div className={styles.facets}>
      {facets?.fields.map(({ field, values, distinct }) => (
        <section key={field} aria-label={field} title={kindOf(field).about}>
          <h2>
            {field} {distinct > values.length && <span className="quiet">{formatCount(distinct)}</span>}
          </h2>
          <ul>
            {values.map(({ value, connections }) => {
              const standing = standingOf(query, field, value);
              const word = standing === undefined ? '' : standing === 'asked' ? 'asked for' : 'left out';
              return (
                <li key={value}>
                  <button
                    type="button"
                    className={`row ${styles.facet}`}
                    title={
                      standing === 'asked' ? 'Leave it out' : standing === 'left-out' ? 'Neither' : 'Ask for it alone'
                    }
                    onClick={() => turn(field, value)}
                  >
                    <span>
                      <span className="unseen">{field}</span>
                      {standing === 'asked' && <Check size={13} aria-hidden />}
                      {standing === 'left-out' && <X size={13} aria-hidden />}
                      {value === '' ? <i className="quiet">{shown(value)}</i> : shown(value)}
                    </span>
                    <span className="quiet">
                      {formatCount(connections)} <span className="unseen">{word}</span>
                    </span>
                  </button>
                </li>
              );
            })}
          </ul>
        </section>
      ))}
      {!all && (
        <button type="button" className="plain" onClick={showAll}>
          All fields
        </button>
      )}
      <LeftOut query={query} facets={facets} turn={turn} />
    </div>
  );
}

/** What is left out is counted nowhere, so that it stands here to be taken back. */
function LeftOut({ query, facets, turn }: Pick<Props, 'query' | 'facets' | 'turn'>) {
  const counted = (field: FieldName, value: string) =>
    facets?.fields.some((one) => one.field === field && one.values.some((other) => other.value === value)) === true;
  const values = query.flatMap(({ field, negated, values: all }) =>
    field === undefined || !negated ? [] : all.filter(({ pattern }) => !pattern).map(({ text }) => ({ field, text })),
  );
  const shownOnes = values.filter(({ field, text }) => !counted(field, text));
  if (shownOnes.length === 0) return null;
  return (
    <section aria-label="Left out">
      <h2>left out</h2>
      <ul>
        {shownOnes.map(({ field, text }) => (
          <li key={`${field}:${text}`}>
            <button
              type="button"
              className={`row ${styles.facet}`}
              title="Take it back"
              onClick={() => turn(field, text)}
            >
              <span>
                <X size={13} aria-hidden />
                {field} {shown(text)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
