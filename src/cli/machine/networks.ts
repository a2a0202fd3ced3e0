// postern networks
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { NetworkSign, Networks, NetworkView } from '#model/net/network.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatAge, paint, safe, table, write, writeJson } from '../output.ts';

const network = { brief: 'Its name or id', parse: String, placeholder: 'NETWORK' } as const;
const oneNetwork = { kind: 'tuple', parameters: [network] } as const;
const path = (of: string) => `/networks/${encodeURIComponent(of)}`;

function formatSign(sign: NetworkSign): string {
  if ('link' in sign) return `interface ${safe(sign.link)}`;
  return sign.ssid === undefined ? `gateway ${sign.gateway}` : `gateway ${sign.gateway}, wireless "${safe(sign.ssid)}"`;
}

/** What nobody has said, as a question. */
export function networkQuestion({ networks }: Networks): string | undefined {
  const asked = networks.find(({ current, question }) => current && question);
  if (asked === undefined) return undefined;
  return `You are on a new network, "${safe(asked.name)}". What is it?  postern networks name ${asked.id} --profile home`;
}

/** Where the machine is, in a sentence. */
export function whereNow({ connected, tunnels, where, problem }: Networks): string {
  if (problem !== null) return paint('yellow', `Networks are not recognised: ${safe(problem)}`);
  const vpn = tunnels.map((tunnel) => `${safe(tunnel.interface)} (${safe(tunnel.kind)})`).join(', ');
  const over = vpn === '' ? '' : `, with the tunnel ${vpn}`;
  if (connected === null) return `No network leads anywhere${over}.`;
  const by = `by ${safe(connected.interface)}${connected.gateway === null ? '' : ` over ${connected.gateway}`}`;
  if (where.network === undefined) return `On a network that is not recognised yet, ${by}${over}.`;
  return `On "${safe(where.network)}", profile ${safe(where.profile ?? 'unknown')}, ${by}${over}.`;
}

export function formatNetworks(all: Networks, now = Date.now()): string {
  const rows = all.networks.map((view) => [
    view.current ? '●' : '',
    view.id,
    safe(view.name),
    safe(view.profile ?? 'unknown'),
    formatSign(view.sign),
    view.current ? 'now' : formatAge(view.lastSeen, now),
    view.rules.map(safe).join(', '),
  ]);
  const list =
    rows.length === 0 ? [] : [table(['', 'ID', 'NETWORK', 'PROFILE', 'RECOGNISED BY', 'SEEN', 'RULES'], rows)];
  const question = networkQuestion(all);
  return [whereNow(all), ...list, ...(question === undefined ? [] : [question])].join('\n');
}

const showCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Show the networks that this machine was on, and which it is on now',
    fullDescription:
      'Show the networks that this machine was on, and which it is on now. Rules may ask for a profile, or for a network by its name.\n\n' +
      'Examples:\n  postern networks\n  postern networks --json\n  postern rule add reject --app /usr/bin/syncthing --profile public\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    const all = await ask<Networks>(flags, 'GET', '/networks');
    if (flags.json) writeJson(all);
    else write(formatNetworks(all));
  },
});

interface NameFlags extends ClientFlags {
  readonly profile?: string;
}

function tell(flags: ClientFlags, view: NetworkView): void {
  if (flags.json) writeJson(view);
  else
    write(`"${safe(view.name)}" has the profile ${safe(view.profile ?? 'unknown')}. Take it back with: postern undo`);
}

const nameCommand = buildCommand<NameFlags, [string, string?], Context>({
  docs: {
    brief: 'Say what a network is: its profile, and what you call it',
    fullDescription:
      'Say what a network is. The profile is home, work, public or a word of your own; rules that ask for it hold at once. "unknown" takes it back.\n\n' +
      'Examples:\n  postern networks name 3f2a91c04d7e Home --profile home\n  postern networks name Home "Flat in Rome"\n  postern networks name Home --profile unknown\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      profile: {
        kind: 'parsed',
        parse: String,
        brief: 'home, work, public or own words',
        optional: true,
        placeholder: 'PROFILE',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [network, { brief: 'What you call it', parse: String, optional: true, placeholder: 'NAME' }],
    },
  },
  async func(flags, of, name) {
    if (name === undefined && flags.profile === undefined) {
      throw new Ending(exits.usage, 'say what it is with --profile, or a NAME');
    }
    const profile = flags.profile === 'unknown' ? null : flags.profile;
    const change = { ...(name !== undefined && { name }), ...(profile !== undefined && { profile }) };
    tell(flags, await ask<NetworkView>(flags, 'PATCH', path(of), change));
  },
});

const laterCommand = buildCommand<ClientFlags, [string], Context>({
  docs: {
    brief: 'Do not ask what a network is',
    fullDescription:
      'Do not ask again what a network is; its profile stays unknown, which matches no rule that asks for one.\n\nExample:\n  postern networks later 3f2a91c04d7e\n',
  },
  parameters: { flags: clientFlags, positional: oneNetwork },
  async func(flags, of) {
    const view = await ask<NetworkView>(flags, 'PATCH', path(of), { later: true });
    if (flags.json) writeJson(view);
    else write(`"${safe(view.name)}" stays unknown, and nobody asks again.`);
  },
});

const forgetCommand = buildCommand<ClientFlags, [string], Context>({
  docs: {
    brief: 'Forget a network',
    fullDescription:
      'Forget a network, its name and its profile. Where the machine comes there again, it is new.\n\nExample:\n  postern networks forget "Hotel"\n',
  },
  parameters: { flags: clientFlags, positional: oneNetwork },
  async func(flags, of) {
    await ask<null>(flags, 'DELETE', path(of));
    if (flags.json) writeJson(null);
    else write(`"${safe(of)}" is forgotten.`);
  },
});

export const networkRoutes = buildRouteMap({
  routes: { show: showCommand, name: nameCommand, later: laterCommand, forget: forgetCommand },
  defaultCommand: 'show',
  docs: { brief: 'Networks and their profiles: show, name, later, forget' },
});
