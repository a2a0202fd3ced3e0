// The changes of the rules, the newest first: what each did, what is different to another one, and the way back to it.
import { ChevronDown, ChevronRight } from 'lucide-react';
import type { VersionView } from '#model/api.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useView } from '../hooks/search.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { useLive } from '../live/live.ts';
import { undoChange } from '../parts/changes.ts';
import { say, sayFailure } from '../parts/saying.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { formatMoment } from '../parts/words.ts';
import { Difference } from './Difference.tsx';
import styles from './rules.module.css';

async function goBackTo(id: number): Promise<void> {
  const done = await api.rollback(id);
  if (!done.ok) return sayFailure(done.error);
  const { pending, made, to } = done.value;
  say(pending ?? `The rules are as change ${to.id} left them.`, () => void undoChange(made.id));
}

export function Changes() {
  const changed = useLive((live) => live.told.rulesChanged);
  const now = useNow(60_000);
  const { view, change } = useView();
  const { value, failure } = useAsked(api.versions, [changed]);
  const open = view.change;
  return (
    <>
      <Trouble failure={failure} />
      {value?.length === 0 && <p className="quiet">Nothing was changed yet.</p>}
      <ol className={styles.rules}>
        {value?.map((version, at) => {
          const { id, time, user, what } = version;
          const isOpen = open === String(id);
          const Chevron = isOpen ? ChevronDown : ChevronRight;
          return (
            <li key={id} className={styles.change}>
              <span className="quiet">{formatMoment(time, now)}</span>
              <button
                type="button"
                data-row={id}
                aria-expanded={isOpen}
                className={`row ${styles.turn} ${styles.what}`}
                onClick={() => change({ change: isOpen ? undefined : String(id), to: undefined })}
              >
                <Chevron size={16} aria-hidden />
                <span>
                  <b>{escapeText(user)}</b> {escapeText(what)} <span className="quiet">({id})</span>
                </span>
              </button>
              <span className={styles.buttons}>
                <button type="button" onClick={() => void undoChange(id)}>
                  Undo<span className="unseen"> change {id} and all after it</span>
                </button>
                {at > 0 && (
                  <button type="button" onClick={() => void goBackTo(id)}>
                    Go back to this<span className="unseen"> change, {id}</span>
                  </button>
                )}
              </span>
              {isOpen && (
                <Compared
                  version={version}
                  versions={value}
                  to={view.to}
                  rests={changed}
                  choose={(to) => change({ to })}
                />
              )}
            </li>
          );
        })}
      </ol>
    </>
  );
}

interface ComparedProps {
  readonly version: VersionView;
  readonly versions: readonly VersionView[];
  readonly to: string | undefined;
  readonly rests: unknown;
  readonly choose: (to: string | undefined) => void;
}

function Compared({ version, versions, to, rests, choose }: ComparedProps) {
  const { value, failure } = useAsked(() => api.difference(version.id, to), [version.id, to, rests]);
  return (
    <div className={styles.compared}>
      <label>
        Show{' '}
        <select value={to ?? ''} onChange={({ target }) => choose(target.value || undefined)}>
          <option value="">what this change did</option>
          <option value="now">what is different now</option>
          {versions
            .filter(({ id }) => id !== version.id)
            .map(({ id, what }) => (
              <option key={id} value={id}>
                what is different after change {id}: {escapeText(what).slice(0, 60)}
              </option>
            ))}
        </select>
      </label>
      <Trouble failure={failure} />
      {value !== undefined && <Difference files={value.files} />}
    </div>
  );
}
