// The rules in the order of evaluation, and the changes of them.
import { Link } from '@tanstack/react-router';
import { Plus, Search, Undo2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { RuleChange, RuleView } from '#model/api.ts';
import { api } from '../api/calls.ts';
import type { Asked } from '../api/client.ts';
import { useKeys } from '../hooks/keys.ts';
import { useView } from '../hooks/search.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useNow } from '../hooks/useNow.ts';
import { useLive } from '../live/live.ts';
import { undoChange } from '../parts/changes.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { formatCount } from '../parts/words.ts';
import { Changes } from './Changes.tsx';
import { RuleRow } from './RuleRow.tsx';
import styles from './rules.module.css';

const AddRule = lazy(() => import('./AddRule.tsx').then(({ AddRule }) => ({ default: AddRule })));

const drawnAtOnce = 300;

const isWanted = ({ name, text, action, origin }: RuleView, wanted: string) =>
  wanted === '' || `${name} ${text} ${action} ${origin}`.toLowerCase().includes(wanted);

export function Page() {
  const { view, change } = useView();
  const now = useNow(10_000);
  const changed = useLive((live) => live.told.rulesChanged);
  const administrator = useLive((live) => live.person?.administrator === true);
  const { value, failure, again } = useAsked(api.rules, [changed]);
  const [drawn, setDrawn] = useState(drawnAtOnce);
  const wanted = (view.q ?? '').trim().toLowerCase();
  const ordered = value?.map((rule, at) => ({ rule, place: at + 1 })) ?? [];
  const shown = ordered.filter(({ rule }) => isWanted(rule, wanted));

  const done = async (asked: Promise<Asked<RuleChange>>, text: string) => {
    const answer = await asked;
    if (!answer.ok) return sayFailure(answer.error);
    const { pending, version } = answer.value;
    say(pending ?? text, () => void undoChange(version.id));
    void again();
  };
  useKeys((key) => {
    if (key !== 'u' || !administrator) return false;
    void undoChange();
    return true;
  });

  const isChanges = view.view === 'changes';
  return (
    <>
      <PageHead
        title="Rules"
        tools={
          administrator && (
            <>
              <button type="button" onClick={() => void undoChange()}>
                <Undo2 size={15} aria-hidden /> Undo the last change
              </button>
              <button type="button" className="main" onClick={() => change({ add: 'rule' }, false)}>
                <Plus size={16} aria-hidden /> Add a rule
              </button>
            </>
          )
        }
      >
        In the order of evaluation: the first that matches decides. The same files as in the rules folder, comments
        kept.
      </PageHead>
      <div className={styles.bar}>
        <nav aria-label="Rules and changes" className={styles.tabs}>
          <Link to="/rules" activeOptions={{ exact: true }} aria-current={isChanges ? undefined : 'page'}>
            Rules
          </Link>
          {administrator && (
            <Link to="/rules" search={{ view: 'changes' } as never} aria-current={isChanges ? 'page' : undefined}>
              Changes
            </Link>
          )}
        </nav>
        {!isChanges && (
          <label className={styles.search}>
            <Search size={16} aria-hidden />
            <span className="unseen">Search the rules</span>
            <input
              type="search"
              data-search
              placeholder="Name, app, place"
              value={view.q ?? ''}
              onChange={({ target }) => change({ q: target.value })}
            />
          </label>
        )}
      </div>
      {isChanges ? (
        <Changes />
      ) : (
        <>
          <Trouble failure={failure} />
          {value === undefined && failure === undefined && <p className="quiet">Asking …</p>}
          {value !== undefined && shown.length === 0 && <p className="quiet">No rule is as you ask.</p>}
          <ol className={styles.rules}>
            {shown.slice(0, drawn).map(({ rule, place }) => (
              <RuleRow
                key={rule.name}
                view={rule}
                place={place}
                now={now}
                open={view.rule === rule.name}
                mayChange={administrator}
                turn={() => change({ rule: view.rule === rule.name ? undefined : rule.name })}
                enable={(on) =>
                  void done(api.switchRule(rule.name, on), `The rule “${rule.name}” is switched ${on ? 'on' : 'off'}.`)
                }
                remove={() => void done(api.removeRule(rule.name), `The rule “${rule.name}” is removed.`)}
              />
            ))}
          </ol>
          {shown.length > drawn && (
            <button type="button" onClick={() => setDrawn(drawn + 1000)}>
              Show more of {formatCount(shown.length)}
            </button>
          )}
        </>
      )}
      {view.add === 'rule' && administrator && (
        <Suspense fallback={null}>
          <AddRule close={() => change({ add: undefined })} />
        </Suspense>
      )}
    </>
  );
}
