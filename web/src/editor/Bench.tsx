// The test bench: describe an attempt, see which rule decides and why with the text in place, and keep it as a test of the rule.
import { Trash2 } from 'lucide-react';
import type { RuleTest } from '#model/rule.ts';
import type { AttemptWords, RuleTrial } from '#model/shown/ruletext.ts';
import { escapeText } from '#std/text.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import styles from './editor.module.css';

export interface BenchWords {
  readonly app: string;
  readonly to: string;
  readonly from: string;
  readonly port: string;
  readonly user: string;
  readonly protocol: string;
  readonly direction: string;
}

export const noWords: BenchWords = { app: '', to: '', from: '', port: '', user: '', protocol: '', direction: '' };

/** Undefined while nothing is said. */
export function wordsOf(bench: BenchWords): AttemptWords | undefined {
  const said = Object.entries(bench)
    .map(([key, text]) => [key, text.trim()] as const)
    .filter(([, text]) => text !== '')
    .map(([key, text]) => [key, (key === 'port' || key === 'user') && /^\d{1,10}$/.test(text) ? Number(text) : text]);
  return said.length === 0 ? undefined : (Object.fromEntries(said) as AttemptWords);
}

const inputs = [
  { key: 'app', label: 'App', hint: '/usr/bin/curl' },
  { key: 'user', label: 'User', hint: 'alice' },
  { key: 'to', label: 'To', hint: 'example.com:443, 192.0.2.7' },
  { key: 'from', label: 'From', hint: 'of what comes in' },
  { key: 'port', label: 'Port', hint: '443' },
] as const satisfies readonly { key: keyof BenchWords; label: string; hint: string }[];

const choices = {
  protocol: ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'udplite', 'raw'],
  direction: ['out', 'in', 'forward'],
} as const;

interface Props {
  readonly words: BenchWords;
  readonly change: (words: BenchWords) => void;
  readonly trial: RuleTrial | undefined;
  readonly stale: boolean;
  readonly tests: readonly RuleTest[];
  readonly mayChange: boolean;
  readonly keep: (test: RuleTest) => void;
  readonly remove: (index: number) => void;
}

export function Bench({ words, change, trial, stale, tests, mayChange, keep, remove }: Props) {
  const attempt = wordsOf(words);
  const decision = stale || attempt === undefined ? null : (trial?.decision ?? null);
  return (
    <section aria-labelledby="bench" className={styles.bench}>
      <h2 id="bench">Try it</h2>
      <p className="quiet">Describe an attempt, and see what the rules would make of it with this text in place.</p>
      <div className={styles.words}>
        {inputs.map(({ key, label, hint }) => (
          <label key={key}>
            <span>{label}</span>
            <input
              value={words[key]}
              placeholder={hint}
              spellCheck={false}
              onChange={({ target }) => change({ ...words, [key]: target.value })}
            />
          </label>
        ))}
        {(['protocol', 'direction'] as const).map((key) => (
          <label key={key}>
            <span>{key === 'protocol' ? 'Protocol' : 'Direction'}</span>
            <select value={words[key]} onChange={({ target }) => change({ ...words, [key]: target.value })}>
              <option value="">{choices[key][0]}</option>
              {choices[key].slice(1).map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        ))}
      </div>
      <div role="status" aria-label="What would be decided" className={styles.verdict}>
        {attempt !== undefined && !stale && trial?.attemptProblem != null && (
          <p className={styles.wrong}>{escapeText(trial.attemptProblem)}</p>
        )}
        {decision !== null && (
          <>
            <p>
              <ActionMark action={decision.action} plain />{' '}
              {decision.rule === null ? (
                'by the mode, as no rule matches'
              ) : (
                <>
                  by the rule <b>{escapeText(decision.rule)}</b>
                </>
              )}
            </p>
            <ol className={styles.trace}>
              {decision.trace.slice(-6).map(({ rule, why }) => (
                <li key={rule}>
                  <b>{escapeText(rule)}</b> <span className="quiet">{escapeText(why)}</span>
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
      {decision !== null && mayChange && attempt !== undefined && (
        <button type="button" onClick={() => keep({ ...attempt, expect: decision.action })}>
          Keep as a test that expects {decision.action}
        </button>
      )}
      <h3>Tests of this rule</h3>
      {tests.length === 0 && <p className="quiet">None yet.</p>}
      <ol className={styles.tests}>
        {tests.map((one, index) => {
          const failed = stale ? undefined : trial?.tests?.failed.find((failure) => failure.index === index);
          const known = !stale && trial?.tests != null;
          const { expect, ...rest } = one;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a test is known by its place
            <li key={index}>
              <span>
                {escapeText(
                  Object.entries(rest)
                    .map(
                      ([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
                    )
                    .join(', '),
                )}{' '}
                → {escapeText(String(expect))}
              </span>
              <b className={failed === undefined ? styles.holds : styles.fails}>
                {!known ? '…' : failed === undefined ? 'holds' : 'fails'}
              </b>
              {mayChange && (
                <button type="button" className="plain" onClick={() => remove(index)}>
                  <Trash2 size={15} aria-hidden />
                  <span className="unseen">Take test {index + 1} away</span>
                </button>
              )}
              {failed !== undefined && <p className={styles.wrong}>{escapeText(failed.message)}</p>}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
