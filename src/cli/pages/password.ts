// postern password: who may log in to the pages from other machines.
import { buildCommand, buildRouteMap } from '@stricli/core';
import { accountName, browserUser } from '#client/browser.ts';
import type { PasswordView } from '#model/pages/login.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatTime, safe, write, writeJson } from '../output.ts';
import { readHidden } from './hidden.ts';

/** Who runs this; with sudo, who called it. */
function ownName(): string {
  const name = accountName(browserUser()?.uid ?? process.geteuid?.() ?? -1);
  if (name === undefined)
    throw new Ending(exits.usage, 'your account has no name in /etc/passwd', 'name one: postern password set USER');
  return name;
}

const user = {
  kind: 'tuple',
  parameters: [
    { parse: String, brief: 'Account of this machine (default: your own)', optional: true, placeholder: 'USER' },
  ],
} as const;

const path = (name: string) => `/pages/passwords/${encodeURIComponent(name)}`;

const setCommand = buildCommand<ClientFlags, [string?], Context>({
  docs: {
    brief: 'Set the password with which an account logs in from another machine',
    fullDescription:
      'Set the password with which an account of this machine logs in to the pages from another one (postern up --pages-remote). ' +
      'It then has the rights there that the account has here. The password is asked for twice, or is the first line of the ' +
      'standard input, and has at least 15 characters. Root may set that of any account. Sessions that the old one opened end.\n\n' +
      'Examples:\n  postern password set\n  sudo postern password set alice\n  postern password set <file\n',
  },
  parameters: { flags: clientFlags, positional: user },
  async func(flags, name = ownName()) {
    const password = await readHidden(`New password of ${safe(name)} for the pages: `);
    if (process.stdin.isTTY && (await readHidden('The same again: ')) !== password) {
      throw new Ending(exits.no, 'these were two different passwords; nothing was changed');
    }
    const view = await ask<PasswordView>(flags, 'PUT', path(name), { password });
    if (flags.json) writeJson(view);
    else write(`${safe(view.user)} may log in from other machines now, with the rights that this account has here.`);
  },
});

const removeCommand = buildCommand<ClientFlags, [string?], Context>({
  docs: {
    brief: 'Take a password away',
    fullDescription:
      'Take a password away: nobody logs in with it any more, and the sessions that it opened end.\n\nExamples:\n  postern password remove\n  sudo postern password remove alice\n',
  },
  parameters: { flags: clientFlags, positional: user },
  async func(flags, name = ownName()) {
    await ask<null>(flags, 'DELETE', path(name));
    if (flags.json) writeJson(null);
    else write(`${safe(name)} cannot log in from other machines any more.`);
  },
});

const listCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'List who may log in from other machines',
    fullDescription:
      'List the accounts that may log in from other machines; to users who are no administrators, their own.\n\nExample:\n  postern password list\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    const views = await ask<PasswordView[]>(flags, 'GET', '/pages/passwords');
    if (flags.json) writeJson(views);
    else if (views.length === 0) write('No account has a password. Set one with: postern password set');
    for (const { user: name, set, browsers } of flags.json ? [] : views) {
      write(`${safe(name)}  set ${formatTime(set)}, known browsers: ${browsers}`);
    }
  },
});

export const passwordRoutes = buildRouteMap<'set' | 'remove' | 'list', Context>({
  routes: { set: setCommand, remove: removeCommand, list: listCommand },
  docs: { brief: 'Passwords for the pages, for browsers of other machines' },
});
