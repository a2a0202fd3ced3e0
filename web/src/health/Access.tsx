// Who is logged in to the pages, who may come from other machines, and who tried and was refused.
import { LogOut, UserX } from 'lucide-react';
import type { Status } from '#model/api.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { refreshStatus } from '../live/live.ts';
import { say, sayFailure } from '../parts/saying.ts';
import { formatCount, formatMoment } from '../parts/words.ts';
import styles from './health.module.css';

const dayMs = 24 * 3600_000;

function doorText(remote: NonNullable<Status['pages']['remote']>, now: number): string {
  const { url, problem, certificate, accounts, reachable } = remote;
  if (url === null) return `Not open: ${problem ?? 'not yet'}.`;
  const left = certificate === null ? 0 : Math.floor((certificate.expires - now) / dayMs);
  const end = left < 0 ? 'its certificate has ended' : `its certificate is good for ${formatCount(left)} more days`;
  const nobody = reachable === false ? ' No rule lets anybody reach it.' : '';
  const none = accounts === 0 ? ' No account has a password for it (postern password set).' : '';
  return `${url}; ${end}.${nobody}${none}`;
}

export function Access({ status, now }: { readonly status: Status; readonly now: number }) {
  const { remote, refused } = status.pages;
  const tried = refused.logins.reduce((sum, { times }) => sum + times, 0);
  const sessions = useAsked(api.sessions, [status.pages.url, remote?.url]);
  const passwords = useAsked(api.passwords, [remote?.accounts]);
  const end = async (id: string, who: string) => {
    const done = await api.endSession(id);
    if (done.ok) say(`${who} was logged out.`);
    else sayFailure(done.error);
    await sessions.again();
  };
  const forget = async (user: string) => {
    const done = await api.removePassword(user);
    if (done.ok)
      say(`${user} cannot log in from other machines any more; postern password set gives another password.`);
    else sayFailure(done.error);
    await Promise.all([passwords.again(), sessions.again()]);
    void refreshStatus();
  };
  return (
    <>
      {remote !== null && (
        <div className={styles.problem}>
          <b className={remote.url === null || remote.reachable === false ? styles.warning : undefined}>Door</b>
          <span>
            {escapeText(doorText(remote, now))}
            {remote.certificate !== null && <code>SHA-256 {remote.certificate.fingerprint}</code>}
          </span>
        </div>
      )}
      <ul aria-label="Who is logged in">
        {(sessions.value ?? []).map(({ id, user, uid, from, lastUsed }) => {
          const who = escapeText(user ?? `uid ${uid}`);
          return (
            <li key={id} className={styles.access}>
              <b>{who}</b>
              <span>
                logged in from {from === null ? 'this machine' : escapeText(from)},{' '}
                <span className="quiet">last used {formatMoment(lastUsed, now)}</span>
              </span>
              <button type="button" className="plain" onClick={() => void end(id, who)}>
                <LogOut size={15} aria-hidden /> Log out<span className="unseen"> {who}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {(passwords.value ?? []).length > 0 && (
        <ul aria-label="Who may log in from other machines">
          {(passwords.value ?? []).map(({ user, set }) => (
            <li key={user} className={styles.access}>
              <b>{escapeText(user)}</b>
              <span>
                may log in from other machines, <span className="quiet">password set {formatMoment(set, now)}</span>
              </span>
              <button type="button" className="plain" onClick={() => void forget(user)}>
                <UserX size={15} aria-hidden /> Take the password away
                <span className="unseen"> of {escapeText(user)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <ul aria-label="Refused logins of the last day">
        {refused.logins.map(({ from, times, last }) => (
          <li key={from} className={styles.problem}>
            <b className={styles.warning}>refused</b>
            <span>
              {formatCount(times)} {times === 1 ? 'login' : 'logins'} of the last day from {escapeText(from)},{' '}
              <span className="quiet">the last {formatMoment(last, now)}</span>
            </span>
          </li>
        ))}
      </ul>
      {tried === 0 && <p className="quiet">No login was refused within a day.</p>}
    </>
  );
}
