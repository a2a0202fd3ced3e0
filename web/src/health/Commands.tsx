// The commands that postern run confines now, and what each tried so far.
import { useState } from 'react';
import type { RunReport, RunView } from '#model/run/run.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { formatCount, formatMoment } from '../parts/words.ts';
import styles from './health.module.css';
import { Part } from './parts.tsx';

/** Lines of one command that are shown, the refused ones first. */
const maxLines = 50;

export function Commands({ now }: { readonly now: number }) {
  const runs = useAsked(api.runs, [Math.floor(now / 10_000)]);
  const all = runs.value ?? [];
  if (all.length === 0) return null;
  return (
    <Part title="Commands that are confined">
      <ul aria-label="Commands that are confined">
        {all.map((run) => (
          <Command key={run.id} run={run} now={now} />
        ))}
      </ul>
    </Part>
  );
}

function Command({ run, now }: { readonly run: RunView; readonly now: number }) {
  const [open, setOpen] = useState(false);
  const { id, command, user, started, ended } = run;
  const state = ended === null ? 'runs' : 'has ended, and left something running';
  return (
    <li className={styles.problem}>
      <b className={ended === null ? undefined : styles.warning}>{id}</b>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <code>{escapeText(command.join(' ')).slice(0, 300)}</code> {escapeText(user)},{' '}
          <span className="quiet">
            begun {formatMoment(started, now)}, {state}
          </span>
        </summary>
        {open && <Tried id={id} now={now} />}
      </details>
    </li>
  );
}

function Tried({ id, now }: { readonly id: string; readonly now: number }) {
  const report = useAsked(() => api.run(id), [id, Math.floor(now / 10_000)]);
  const tried = report.value;
  if (tried === undefined) return <p className="quiet">Asking …</p>;
  const refused = (line: RunReport['lines'][number]) => line.action !== 'allow';
  const lines = [...tried.lines.filter(refused), ...tried.lines.filter((line) => !refused(line))].slice(0, maxLines);
  const names = new Set(tried.questions.flatMap(({ name, refused: why }) => (why === 'name' ? name : [])));
  return (
    <>
      {lines.length === 0 && <p className="quiet">It tried nothing yet.</p>}
      <ul aria-label={`What ${id} tried`}>
        {lines.map(({ action, rule, app, direction, to, port, protocol, times }) => (
          <li key={JSON.stringify([action, rule, app, direction, to, port, protocol])}>
            <b className={action === 'allow' ? undefined : styles.warning}>
              {action === 'allow' ? 'allowed' : 'refused'}
            </b>{' '}
            {escapeText(app)} {direction === 'in' ? '←' : '→'} {escapeText(to)}
            {port === 0 ? '' : `:${port}`}/{escapeText(protocol)}{' '}
            <span className="quiet">
              {formatCount(times)} {times === 1 ? 'time' : 'times'}
            </span>
          </li>
        ))}
      </ul>
      {tried.services.length > 0 && (
        <ul aria-label={`Services that ${id} asked`}>
          {tried.services.slice(0, maxLines).map(({ service, socket, action, by, does }) => (
            <li key={JSON.stringify([service, socket, action, by])}>
              <b className={styles.warning}>{action === 'allow' ? 'allowed' : 'refused'}</b> asked{' '}
              {service === null ? 'an abstract socket' : escapeText(service)} ({escapeText(socket)}){' '}
              <span className="quiet">
                {does !== null && escapeText(does)}
                {action === 'allow' && '; what it starts is not confined'}
              </span>
            </li>
          ))}
        </ul>
      )}
      {tried.servicesUnseen !== null && (
        <p className="quiet">
          Which services it asked over Unix sockets is not known: {escapeText(tried.servicesUnseen)}.
        </p>
      )}
      {names.size > 0 && (
        <p className="quiet">Names that were not answered: {[...names].slice(0, 10).map(escapeText).join(', ')}.</p>
      )}
    </>
  );
}
