// What rules that are being written would have done: asked for when the writing pauses, and given up when it goes on.
import { useEffect, useRef, useState } from 'react';
import type { RulePreview } from '#model/query/history.ts';
import { formatPreview } from '#model/query/previewtext.ts';
import type { RuleText } from '#model/rule.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { formatCount } from '../parts/words.ts';
import styles from './choices.module.css';

const pauseMs = 400;

interface Props {
  /** As the API takes them; undefined while none can be made. */
  readonly rules: readonly RuleText[] | undefined;
  /** The name of the rule that is being changed. */
  readonly instead?: string | undefined;
  /** Only how many there are: what becomes of them is not chosen yet. */
  readonly undecided?: boolean;
}

type State = 'asking' | { readonly preview: RulePreview } | { readonly problem: string };

/** Many cards may be open: only what can be seen is asked about. */
function useSeen() {
  const place = useRef<HTMLDivElement>(null);
  const [seen, see] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const watch = new IntersectionObserver(([entry]) => see(entry?.isIntersecting === true));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return { place, seen };
}

export function Preview({ rules, instead, undecided = false }: Props) {
  const { place, seen } = useSeen();
  const [state, setState] = useState<State>('asking');
  const wanted = rules === undefined || rules.length === 0 ? undefined : JSON.stringify(rules);
  useEffect(() => {
    if (wanted === undefined || !seen) return;
    setState('asking');
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const request = { rule: JSON.parse(wanted) as RuleText[], ...(instead !== undefined && { instead }) };
      const answer = await api.previewRules(request, stop.signal);
      if (stop.signal.aborted) return;
      setState(answer.ok ? { preview: answer.value } : { problem: answer.error.message });
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [wanted, instead, seen]);
  return (
    <div ref={place} className={styles.preview} aria-live="polite">
      {wanted !== undefined && <Said state={state} undecided={undecided} />}
    </div>
  );
}

function Said({ state, undecided }: { readonly state: State; readonly undecided: boolean }) {
  if (state === 'asking') return <p className="quiet">Trying it on the last 7 days …</p>;
  if ('problem' in state)
    return <p className="quiet">What it would have matched is not known: {escapeText(state.problem)}</p>;
  const { preview } = state;
  const text = formatPreview(preview, undecided);
  const subject = undecided ? 'Such a rule' : 'It';
  if (preview.groups.length === 0)
    return (
      <p>
        {subject} {text}.
      </p>
    );
  return (
    <details>
      <summary>
        {subject} {text}.
      </summary>
      <ul>
        {preview.groups.map(({ app, destination, direction, connections }) => (
          <li key={`${app} ${direction} ${destination}`}>
            {/* Both are escaped where they are made. */}
            {formatCount(connections)}× <b>{app}</b> {direction === 'in' ? '←' : direction === 'forward' ? '⇢' : '→'}{' '}
            {destination}
          </li>
        ))}
      </ul>
    </details>
  );
}
