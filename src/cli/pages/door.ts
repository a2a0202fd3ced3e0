// What `postern status` says of the door to other machines, and of what was refused there and on loopback.
import type { Status } from '#model/api.ts';
import type { RefusalReason } from '#model/pages/login.ts';
import { formatTime, paint, safe } from '../output.ts';

const soonMs = 30 * 24 * 3600_000;
const shown = 5;

/** Beside logins, which are shown by where they came from. */
const words: Readonly<Record<Exclude<RefusalReason, 'login' | 'too-soon'>, string>> = {
  host: 'for another host',
  origin: 'of other sites',
  size: 'too large',
  nonsense: 'that could not be read',
  connections: 'connections beyond the bounds',
  tls: 'handshakes that failed',
};

function remoteLines({ remote }: Status['pages']): string[] {
  if (remote === null) return [];
  const { url, problem, certificate, accounts, reachable } = remote;
  if (url === null) return [`Remote pages   ${paint('yellow', `not served: ${safe(problem ?? 'not yet')}`)}`];
  const lines = [`Remote pages   ${safe(url)}; accounts with a password: ${accounts}`];
  if (certificate !== null) {
    const own = certificate.own ? ', made by Postern itself' : '';
    const ends = `until ${formatTime(certificate.expires)}`;
    lines.push(
      `               certificate ${certificate.expires < Date.now() + soonMs ? paint('yellow', ends) : ends}${own}`,
      `               SHA-256 ${safe(certificate.fingerprint)}`,
    );
  }
  if (accounts === 0)
    lines.push(paint('yellow', '               nobody can log in: set a password with postern password set'));
  if (reachable === false) {
    lines.push(
      paint(
        'yellow',
        '               nobody reaches them: no rule allows their port (postern rule add allow --direction in …)',
      ),
    );
  }
  return lines;
}

function refusedLines({ refused: { logins, counts } }: Status['pages']): string[] {
  const lines = logins
    .slice(0, shown)
    .map(
      ({ from, times, last }) =>
        `${times} ${times === 1 ? 'login' : 'logins'} of the last day from ${safe(from)}, the last ${formatTime(last)}`,
    );
  if (logins.length > shown) lines.push(`and logins from ${logins.length - shown} other places`);
  const others = Object.entries(words).flatMap(([reason, word]) => {
    const times = counts[reason as RefusalReason] ?? 0;
    return times > 0 ? [`${times} ${word}`] : [];
  });
  if (others.length > 0) lines.push(`requests: ${others.join(', ')}`);
  return lines.map((line, at) => `${at === 0 ? 'Refused' : '       '}        ${paint('yellow', line)}`);
}

export function doorLines(pages: Status['pages']): string[] {
  return [...remoteLines(pages), ...refusedLines(pages)];
}
