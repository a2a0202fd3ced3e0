// postern names
import { buildCommand } from '@stricli/core';
import type { Status } from '#model/api.ts';
import { parseAddress } from '#model/net/address.ts';
import type { NameView } from '#model/net/nameview.ts';
import { formatPlace } from '#model/sentence.ts';
import { ask, type Context } from '../context.ts';
import { summarizeEncryptedDns } from '../encrypteddns.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatAge, safe, table, write, writeJson } from '../output.ts';

const saidBy: Readonly<Record<NameView['from'], string>> = {
  dns: 'answer of a name server',
  resolved: 'systemd-resolved',
  http: 'HTTP Host',
  sni: 'TLS hello',
  quic: 'QUIC hello',
};

function whose({ asker }: NameView): string {
  if (asker === null) return 'all programs';
  if (asker.pid === null) return 'nobody: who asked was not seen';
  return asker.app === null ? `process ${asker.pid}` : `${safe(asker.app)} (${asker.pid})`;
}

function evidence({ from, server, ownServer, canonical }: NameView): string {
  const by = server === null ? saidBy[from] : `${saidBy[from]} ${safe(server)}`;
  const own = ownServer ? ', which is not configured: no rule goes by it' : '';
  return canonical === null ? by + own : `${by}${own}, as ${safe(canonical)}`;
}

/** `5m`, as `formatAge` has it, for what lies ahead. */
function left(until: number, now: number): string {
  return until <= now ? 'over' : formatAge(now - (until - now), now).replace(/ ago$/, '');
}

export function formatNames(names: readonly NameView[], now = Date.now()): string {
  if (names.length === 0) return 'No names are known.';
  const rows = names.map((view) => [
    safe(view.name),
    view.address,
    formatPlace(view),
    whose(view),
    evidence(view),
    formatAge(view.since, now),
    left(view.until, now),
  ]);
  return table(['NAME', 'ADDRESS', 'PLACE', 'FOR', 'BECAUSE OF', 'SINCE', 'LEFT'], rows);
}

function query(of: string | undefined): string {
  if (of === undefined) return '';
  const key = parseAddress(of) === undefined ? 'name' : 'address';
  return `${key}=${encodeURIComponent(of.toLowerCase().replace(/\.$/, ''))}`;
}

export const namesCommand = buildCommand<ClientFlags, [string?], Context>({
  docs: {
    brief: 'Show what addresses are called, for whom, and by which evidence',
    fullDescription:
      'Show what addresses are called. A name counts for the program that asked for it, until it ends; rules by name go by these.\n\n' +
      'Examples:\n  postern names\n  postern names 192.0.2.7\n  postern names example.com\n',
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'An address, or a name', parse: String, optional: true, placeholder: 'ADDRESS|NAME' }],
    },
  },
  async func(flags, of) {
    const names = await ask<NameView[]>(flags, 'GET', `/names?${query(of)}`);
    if (flags.json) {
      writeJson(names);
      return;
    }
    write(formatNames(names));
    // Whoever looks for a name may miss those that were never seen.
    const { encryptedDns } = await ask<Status>(flags, 'GET', '/status');
    const blind = summarizeEncryptedDns(encryptedDns);
    if (blind !== undefined) write(blind);
  },
});
