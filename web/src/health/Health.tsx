// How Postern is: what it can on this machine, what is wrong, and what was refused or lost, by its reason.
import { RefreshCw } from 'lucide-react';
import type { Status } from '#model/api.ts';
import { formatSpan } from '#std/span.ts';
import { escapeText } from '#std/text.ts';
import countersPage from '../../../docs/counters.md?raw';
import { api } from '../api/calls.ts';
import { useKeys } from '../hooks/keys.ts';
import { useNow } from '../hooks/useNow.ts';
import { refreshStatus, useLive } from '../live/live.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { formatBytes, formatCount, formatMoment } from '../parts/words.ts';
import { Access } from './Access.tsx';
import { Commands } from './Commands.tsx';
import { counterGroups, isLoss } from './counters.ts';
import { findings } from './findings.ts';
import styles from './health.module.css';
import { Machine } from './Machine.tsx';
import { FindingRow, Part } from './parts.tsx';
import { SelfTest } from './SelfTest.tsx';

export function Page() {
  const status = useLive((live) => live.status);
  const notices = useLive((live) => live.told.notices);
  const administrator = useLive((live) => live.person?.administrator === true);
  const now = useNow(10_000);
  useKeys(() => false);
  const reload = async () => {
    const done = await api.reload();
    if (done.ok) say('The rule files were read again.');
    else sayFailure(done.error);
    void refreshStatus();
  };
  return (
    <>
      <PageHead
        title="Health"
        tools={
          administrator && (
            <button type="button" onClick={() => void reload()}>
              <RefreshCw size={15} aria-hidden /> Read the rule files again
            </button>
          )
        }
      >
        What works on this machine, what is wrong, and what was refused or lost.
      </PageHead>
      {status === undefined ? (
        <p className="quiet">Asking …</p>
      ) : (
        <div className={styles.parts}>
          <Part title="What is wrong in the rule files">
            {status.problems.length === 0 && status.refusal === null && <p className="quiet">Nothing.</p>}
            {status.refusal !== null && <p className={styles.error}>{escapeText(status.refusal)}</p>}
            <ul>
              {status.problems.map(({ file, line, column, severity, message }) => (
                <li key={`${file}:${line}:${column} ${message}`} className={styles.problem}>
                  <b className={severity === 'error' ? styles.error : styles.warning}>{severity}</b>
                  <span>
                    {escapeText(message)}
                    <code>
                      {escapeText(file)}:{line}:{column}
                    </code>
                  </span>
                </li>
              ))}
            </ul>
          </Part>
          <SelfTest status={status} now={now} />
          <Part title="What it can here">
            <ul>
              {findings(status).map((finding) => (
                <FindingRow key={finding.name} finding={finding} />
              ))}
            </ul>
          </Part>
          {administrator && <Machine />}
          <Commands now={now} />
          <Part title="Figures">
            <Figures status={status} now={now} />
          </Part>
          <Part title="Who is logged in">
            <Access status={status} now={now} />
          </Part>
          {status.encryptedDns.apps.length > 0 && (
            <Part title="Encrypted DNS">
              <p className="quiet">What these ask is not seen, so that they have fewer names here.</p>
              <ul>
                {status.encryptedDns.apps.map(({ app, user, by, to, connections }) => (
                  <li key={`${app} ${user}`} className={styles.problem}>
                    <b>{escapeText(app)}</b>
                    <span>
                      {user !== null && `${escapeText(user)}, `}
                      {connections} connections by {by.join(', ')} to {to.map(escapeText).join(', ')}
                    </span>
                  </li>
                ))}
              </ul>
            </Part>
          )}
          {notices.length > 0 && (
            <Part title="What it said lately">
              <ul>
                {notices.map(({ sequence, time, level, text }) => (
                  <li key={sequence} className={styles.problem}>
                    <b className={level === 'error' ? styles.error : level === 'warning' ? styles.warning : undefined}>
                      {level}
                    </b>
                    <span>
                      <span className="quiet">{formatMoment(time, now)}</span> {escapeText(text)}
                    </span>
                  </li>
                ))}
              </ul>
            </Part>
          )}
          <Counts status={status} />
        </div>
      )}
    </>
  );
}

function Figures({ status, now }: { readonly status: Status; readonly now: number }) {
  const { gate, journal, version, revision, rulesDir, places } = status;
  const figures: readonly (readonly [string, string])[] = [
    ['Version', version],
    [
      'Policy',
      `revision ${revision}${gate === null ? '' : `, ${formatCount(gate.rules)} rules, ${gate.kernelRules} of them in the kernel by themselves`}`,
    ],
    ['Rules folder', rulesDir],
    ...(gate === null
      ? []
      : ([
          [
            'Gate',
            `process ${gate.pid}, for ${formatSpan(now - gate.started)}; it knows ${formatCount(gate.processes)} processes`,
          ],
        ] as const)),
    ['Waiting', gate === null ? 'not known' : `${gate.held} packets, ${gate.prompts} questions`],
    [
      'Journal',
      `${formatBytes(journal.bytes)}, ${journal.file}${journal.lost > 0 ? `; ${formatCount(journal.lost)} records lost` : ''}`,
    ],
    ['Countries', places.countries ?? 'not known'],
    ['Networks', places.networks ?? 'not known'],
  ];
  return (
    <dl className={styles.figures}>
      {figures.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{escapeText(text)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Counts({ status: { gate } }: { readonly status: Status }) {
  if (gate === null) return null;
  return counterGroups(countersPage, gate.counters).map(({ title, counters }) => (
    <Part key={title} title={title}>
      <dl className={styles.counts}>
        {counters.map(({ name, text }) => {
          const count = gate.counters[name];
          const bad = count > 0 && isLoss(title, name);
          return (
            <div key={name} className={count === 0 ? styles.zero : undefined}>
              <dt>
                <code>{name}</code>
                <span className={bad ? `number ${styles.warning}` : 'number'}>
                  {formatCount(count)}
                  {bad && <span className="unseen"> lost</span>}
                </span>
              </dt>
              <dd>{escapeText(text)}</dd>
            </div>
          );
        })}
      </dl>
    </Part>
  ));
}
