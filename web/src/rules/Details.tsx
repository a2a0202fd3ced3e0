// Everything about one rule, and the rule as it stands in a file.
import { Link } from '@tanstack/react-router';
import { Pencil } from 'lucide-react';
import { stringify } from 'yaml';
import type { RuleView } from '#model/api.ts';
import type { RuleYaml } from '#model/shown/ruletext.ts';
import { ok } from '#std/result.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useLive } from '../live/live.ts';
import { formatMoment } from '../parts/words.ts';
import styles from './rules.module.css';

const written = (text: string): string => text.trimEnd().split('\n').map(escapeText).join('\n');

export function Details({ view, now }: { readonly view: RuleView; readonly now: number }) {
  const { source, lastHit, expires, lifetime, shadowedBy, rule, origin } = view;
  const { note } = rule;
  const administrator = useLive((live) => live.person?.administrator === true);
  const changed = useLive((live) => live.told.rulesChanged);
  const { value } = useAsked<RuleYaml | undefined>(
    async () => (administrator ? api.ruleText(rule.name) : ok(undefined)),
    [rule.name, administrator, changed],
  );
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
      <pre tabIndex={0}>{written(value?.text ?? stringify(rule, { lineWidth: 0 }))}</pre>
      {administrator && (
        <Link to="/rules/$rule" params={{ rule: rule.name }} className="button">
          <Pencil size={15} aria-hidden /> {value?.locked === null ? 'Edit and try' : 'Look and try'}
          <span className="unseen"> {escapeText(rule.name)}</span>
        </Link>
      )}
    </div>
  );
}
