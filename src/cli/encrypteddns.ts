// Encrypted DNS in words: which apps ask in a way that hides what they ask, and how to refuse it.
import type { Status } from '#model/api.ts';
import type { EncryptedDnsApp } from '#model/status.ts';
import { safe } from './output.ts';

const shownApps = 8;
const shownResolvers = 3;

/** By ports, so that plain DNS goes on where such a resolver is the configured one. */
const refusal = 'postern rule add reject --to list:encrypted-dns --port 443 --port 853';

function listed(words: readonly string[], most: number): string {
  const shown = words.slice(0, most).map(safe);
  const left = words.length - shown.length;
  if (left > 0) return `${shown.join(', ')} and ${left} more`;
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

function subject({ app, user }: EncryptedDnsApp): string {
  return user === null ? safe(app) : `${safe(app)} (${safe(user)})`;
}

/** Sentences, the last of which says what can be done; none where no app asks so. */
export function formatEncryptedDns({ apps }: Status['encryptedDns']): string[] {
  if (apps.length === 0) return [];
  const lines = apps
    .slice(0, shownApps)
    .map(
      (app) =>
        `${subject(app)} asks ${listed(app.to, shownResolvers)} by encrypted DNS: the names it is told are not seen`,
    );
  const left = apps.length - lines.length;
  return [...lines, ...(left > 0 ? [`and ${left} more apps do so`] : []), `to refuse it: ${refusal}`];
}

/** The same in one line. */
export function summarizeEncryptedDns({ apps }: Status['encryptedDns']): string | undefined {
  if (apps.length === 0) return undefined;
  const subjects = [...new Set(apps.map(subject))];
  const verb = subjects.length === 1 ? 'asks' : 'ask';
  return `Not seen: what ${listed(subjects, shownApps)} ${verb} by encrypted DNS; \`postern status\` says more.`;
}
