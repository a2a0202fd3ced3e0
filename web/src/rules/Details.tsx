// Everything about one rule, and the rule as it stands in a file.
import { stringify } from 'yaml';
import type { RuleView } from '#model/api.ts';
import type { RuleText } from '#model/rule.ts';
import { escapeText } from '#std/text.ts';
import { formatMoment } from '../parts/words.ts';
import styles from './rules.module.css';

const asYaml = (rule: RuleText): string =>
  stringify([rule], { lineWidth: 0 }).trimEnd().split('\n').map(escapeText).join('\n');

export function Details({ view, now }: { readonly view: RuleView; readonly now: number }) {
  const { source, lastHit, expires, lifetime, shadowedBy, rule, origin } = view;
  const { note } = rule;
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
      <pre tabIndex={0}>{asYaml(rule)}</pre>
    </div>
  );
}
