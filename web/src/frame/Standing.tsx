// What stands for a while, above every page: a pause, a lockdown that goes back, rules that do not hold, a link that is away.
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useNow } from '../hooks/useNow.ts';
import { useLive } from '../live/live.ts';
import { formatClock } from '../parts/words.ts';
import { changeMode } from './changeMode.ts';
import styles from './frame.module.css';

function Bar({ grave, children }: { readonly grave?: boolean; readonly children: ReactNode }) {
  return <div className={grave ? `${styles.bar} ${styles.grave}` : styles.bar}>{children}</div>;
}

export function Standing() {
  const status = useLive((live) => live.status);
  const link = useLive((live) => live.link);
  const leftOut = useLive((live) => live.told.leftOut);
  const administrator = useLive((live) => live.person?.administrator === true);
  const now = useNow(status?.revertsAt == null ? 60_000 : 1000);
  const left = status?.revertsAt == null ? 0 : Math.max(0, Math.ceil((status.revertsAt - now) / 1000));
  const errors = status?.problems.filter(({ severity }) => severity === 'error').length ?? 0;
  return (
    <section aria-label="State" className={styles.standing}>
      {link === 'away' && (
        <Bar>
          <p>Postern does not answer. What is shown may be old; it is tried again by itself, and nothing is lost.</p>
        </Bar>
      )}
      {status?.revertsAt != null && left > 0 && (
        <Bar grave>
          <p>
            The mode goes back to <b>{status.revertsTo}</b> in <b>{left} s</b> unless you keep it.
          </p>
          {administrator && (
            <>
              <button
                type="button"
                className="main"
                onClick={() => void changeMode({ confirm: true }, `The mode stays ${status.mode}.`)}
              >
                Keep {status.mode}
              </button>
              {status.revertsTo !== null && (
                <button
                  type="button"
                  onClick={() =>
                    void changeMode({ mode: status.revertsTo ?? 'ask' }, `The mode is ${status.revertsTo}.`)
                  }
                >
                  Go back now
                </button>
              )}
            </>
          )}
        </Bar>
      )}
      {status?.pausedUntil != null && status.pausedUntil > now && (
        <Bar>
          <p>
            Paused until <b>{formatClock(status.pausedUntil)}</b>: everything passes, and what the rules would do is
            recorded.
          </p>
          {administrator && (
            <button type="button" onClick={() => void changeMode({ confirm: true }, 'The pause is over.')}>
              End the pause
            </button>
          )}
        </Bar>
      )}
      {(errors > 0 || status?.refusal != null) && (
        <Bar grave>
          <p>The rule files are not right: the last good rules hold.</p>
          <Link to="/health">See what is wrong</Link>
        </Bar>
      )}
      {status?.selfTest?.result === 'failed' && (
        <Bar grave>
          <p>The last self-test failed: what rules refuse may pass.</p>
          <Link to="/health">See why</Link>
        </Bar>
      )}
      {leftOut > 0 && (
        <Bar>
          <p>
            {leftOut} events came faster than this page could read and are not shown here;{' '}
            <Link to="/history">History</Link> has them.
          </p>
        </Bar>
      )}
    </section>
  );
}
