// The changes of the rules, the newest first, each of which can be undone with all after it.
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { useLive } from '../live/live.ts';
import { undoChange } from '../parts/changes.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { formatMoment } from '../parts/words.ts';
import styles from './rules.module.css';

export function Changes() {
  const changed = useLive((live) => live.told.rulesChanged);
  const now = useNow(60_000);
  const { value, failure } = useAsked(api.versions, [changed]);
  return (
    <>
      <Trouble failure={failure} />
      {value?.length === 0 && <p className="quiet">Nothing was changed yet.</p>}
      <ol className={styles.rules}>
        {value?.map(({ id, time, user, what }) => (
          <li key={id} className={styles.change}>
            <span className="quiet">{formatMoment(time, now)}</span>
            <span className={styles.what}>
              <b>{escapeText(user)}</b> {escapeText(what)}
            </span>
            <button type="button" onClick={() => void undoChange(id)}>
              Put back what was before
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}
