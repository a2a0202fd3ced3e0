// The block lists: where they come from, what they hold, what they decided, and which of them have a name.
import { Plus, RefreshCw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { ListView } from '#model/net/list.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import type { Asked } from '../api/client.ts';
import { useKeys } from '../hooks/keys.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { useLive } from '../live/live.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { Switch } from '../parts/Switch.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { formatAge, formatCount } from '../parts/words.ts';
import { AddList } from './AddList.tsx';
import { Having } from './Having.tsx';
import styles from './lists.module.css';

type Done = (asked: Promise<Asked<unknown>>, text: string, undo?: () => Promise<Asked<unknown>>) => Promise<void>;

export function Page() {
  const administrator = useLive((live) => live.person?.administrator === true);
  const changed = useLive((live) => live.told.statusChanged);
  const { value, failure, again } = useAsked(api.lists, [changed]);
  const [adding, setAdding] = useState(false);
  const [busy, setBusy] = useState(false);
  const now = useNow(60_000);
  useKeys(() => false);
  const done: Done = async (asked, text, undo) => {
    setBusy(true);
    const answer = await asked;
    setBusy(false);
    if (answer.ok) say(text, undo && (() => void done(undo(), 'Undone.')));
    else sayFailure(answer.error);
    void again();
  };
  return (
    <>
      <PageHead
        title="Lists"
        tools={
          administrator && (
            <>
              <button
                type="button"
                disabled={busy}
                onClick={() => void done(api.updateLists(), 'All lists were asked for anew.')}
              >
                <RefreshCw size={15} aria-hidden /> {busy ? 'Asking …' : 'Update all'}
              </button>
              <button type="button" className="main" onClick={() => setAdding(true)}>
                <Plus size={16} aria-hidden /> Add a list
              </button>
            </>
          )
        }
      >
        Names and addresses that rules refer to as <code>list:NAME</code>. A list by itself refuses nothing.
      </PageHead>
      <Having />
      <Trouble failure={failure} />
      {value?.length === 0 && <p className="quiet">There is no list yet.</p>}
      <ul className={styles.lists}>
        {value?.map((list) => (
          <Row key={list.name} list={list} now={now} mayChange={administrator} done={done} />
        ))}
      </ul>
      {adding && (
        <AddList
          close={() => setAdding(false)}
          add={(name, source) => void done(api.addList(name, source), `The list ${name} is there.`)}
        />
      )}
    </>
  );
}

interface RowProps {
  readonly list: ListView;
  readonly now: number;
  readonly mayChange: boolean;
  readonly done: Done;
}

function Row({ list, now, mayChange, done }: RowProps) {
  const {
    name,
    source,
    origin,
    enabled,
    names,
    addresses,
    skipped,
    examples,
    off,
    overlaps,
    checked,
    failure,
    rules,
    hits,
  } = list;
  const shown = escapeText(name);
  const holds = [
    `${formatCount(names)} names`,
    addresses > 0 ? `${formatCount(addresses)} addresses` : '',
    checked === null ? 'never read' : `checked ${formatAge(checked, now)} ago`,
    rules.length === 0 ? 'no rule names it' : `named by ${rules.map((rule) => `“${escapeText(rule)}”`).join(', ')}`,
    hits > 0 ? `decided ${formatCount(hits)}×` : '',
  ].filter((part) => part !== '');
  return (
    <li data-row={name} className={styles.list}>
      <div className={styles.what}>
        <h2>{shown}</h2>
        <p className="quiet">{escapeText(source)}</p>
        <p>{holds.join(' · ')}</p>
        {failure !== null && (
          <p className={styles.failure}>
            The last update failed: {escapeText(failure)}. What was there before counts still.
          </p>
        )}
        {(skipped > 0 || off.length > 0 || overlaps.length > 0) && (
          <details>
            <summary>Details</summary>
            {overlaps.map((other) => (
              <p key={other.list}>
                {formatCount(other.names)} of its names are in {escapeText(other.list)} too.
              </p>
            ))}
            {skipped > 0 && (
              <>
                <p>{formatCount(skipped)} lines could not be used, such as:</p>
                <ul>
                  {examples.map(({ line, text, why }) => (
                    <li key={line}>
                      line {line}: <code>{escapeText(text)}</code> ({escapeText(why)})
                    </li>
                  ))}
                </ul>
              </>
            )}
            {off.length > 0 && (
              <>
                <p>Entries that do not count:</p>
                <ul>
                  {off.map((text) => (
                    <li key={text}>
                      <code>{escapeText(text)}</code>{' '}
                      <button
                        type="button"
                        className="plain"
                        disabled={!mayChange}
                        onClick={() =>
                          void done(api.changeList(name, { entry: { text, on: true } }), `${text} counts again.`)
                        }
                      >
                        count it again
                      </button>
                    </li>
                  ))}
                </ul>
              </>
            )}
          </details>
        )}
      </div>
      <div className={styles.acts}>
        <Switch
          label={`List ${shown}`}
          on={enabled}
          disabled={!mayChange}
          turn={(on) =>
            void done(api.changeList(name, { enabled: on }), `The list ${name} is switched ${on ? 'on' : 'off'}.`, () =>
              api.changeList(name, { enabled: !on }),
            )
          }
        />
        <button
          type="button"
          className="plain"
          disabled={!mayChange}
          title="Ask for it anew"
          onClick={() => void done(api.updateLists(name), `The list ${name} was asked for anew.`)}
        >
          <RefreshCw size={16} aria-hidden />
          <span className="unseen">Update {shown}</span>
        </button>
        <button
          type="button"
          className="plain"
          disabled={!mayChange || origin === 'builtin'}
          title={origin === 'builtin' ? 'It came with Postern: it can only be switched off' : 'Take it away'}
          onClick={() =>
            void done(api.removeList(name), `The list ${name} is taken away.`, () => api.addList(name, source))
          }
        >
          <Trash2 size={16} aria-hidden />
          <span className="unseen">Remove {shown}</span>
        </button>
      </div>
    </li>
  );
}
