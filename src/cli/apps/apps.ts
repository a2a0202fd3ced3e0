// postern apps: the apps that were seen, or everything about one.
import { buildCommand } from '@stricli/core';
import type { AppView } from '#model/api.ts';
import type { AppDetails } from '#model/shown/appdetails.ts';
import { formatBytes } from '#std/bytes.ts';
import { ask, type Context } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatAge, formatTime, paint, paintAction, safe, table, write, writeJson } from '../output.ts';

const bytes = (count: number | null) => (count === null ? '-' : formatBytes(count));

/** The columns of bytes are there only where something counts. */
export function formatApps(apps: readonly AppView[]): string {
  const counted = apps.some(({ bytesOut }) => bytesOut !== null);
  const rows = apps.map((app) => [
    safe(app.app),
    String(app.connections),
    app.refused > 0 ? paint('red', String(app.refused)) : '0',
    String(app.destinations),
    ...(counted ? [bytes(app.bytesOut), bytes(app.bytesIn)] : []),
    formatAge(app.last),
    app.users.map(safe).join(', '),
  ]);
  const columns = counted ? ['SENT', 'RECEIVED'] : [];
  return table(['APP', 'CONNECTIONS', 'REFUSED', 'DESTINATIONS', ...columns, 'LAST', 'USERS'], rows);
}

function formatFile(file: AppDetails['files'][number]): string[] {
  const { process } = file;
  const places = [
    ['unit', process.unit],
    ['container', process.container],
    ['flatpak', process.flatpak],
    ['snap', process.snap],
  ].flatMap(([word, value]) => (typeof value === 'string' ? [`${word} ${safe(value)}`] : []));
  const owner =
    file.package === null ? '' : ` of package ${safe(`${file.package} ${file.packageVersion ?? ''}`.trim())}`;
  return [
    `${safe(file.path)}${file.interpreter === null ? '' : ` by ${safe(file.interpreter)}`}${owner}`,
    `  first ${formatTime(file.first)}, last ${formatTime(file.last)}, ${file.connections} connections${file.user === null ? '' : ` of ${safe(file.user)}`}`,
    `  sha256 ${file.sha256 ?? 'not known'}${file.unknown === null ? '' : ` (${safe(file.unknown)})`}`,
    ...(places.length > 0 ? [`  in ${places.join(', ')}`] : []),
  ];
}

export function formatApp(app: AppDetails): string {
  const heading = (text: string) => paint('bold', text);
  const rule = ({ action, name, text, sure }: AppDetails['rules'][number]) =>
    `  ${paintAction(action)} ${safe(name)}: ${safe(text)}${sure ? '' : ' (perhaps)'}`;
  const [named, any] = [app.rules.filter((one) => one.named), app.rules.filter((one) => !one.named)];
  const listeners = app.listeners?.map(
    ({ protocol, address, port }) => `  ${address.includes(':') ? `[${address}]` : address}:${port}/${protocol}`,
  );
  return [
    heading(safe(app.app)),
    `seen since ${formatTime(app.first)}, last ${formatTime(app.last)}; ${app.connections} connections, ${app.refused} refused`,
    '',
    heading('Files that it ran, the last first'),
    ...(app.files.length === 0 ? ['  none is known'] : app.files.flatMap(formatFile)),
    '',
    heading('Listens now'),
    ...(listeners === undefined || listeners.length === 0
      ? [listeners === undefined ? '  not known' : '  on nothing']
      : listeners),
    ...(app.listenersUnknown === null ? [] : [`  (${safe(app.listenersUnknown)})`]),
    '',
    heading('Rules that ask for it'),
    ...(named.length === 0 ? ['  none'] : named.map(rule)),
    ...(any.length === 0
      ? []
      : [`  and ${any.length} for any program: ${any.map(({ name }) => safe(name)).join(', ')}`]),
    '',
    table(
      ['DAY', 'CONNECTIONS', 'REFUSED', 'SENT', 'RECEIVED'],
      app.days.map((day) => [
        ...[day.day, String(day.connections), String(day.refused)],
        ...[bytes(day.bytesOut), bytes(day.bytesIn)],
      ]),
    ),
    '',
    table(
      ['NAME OR ADDRESS', 'DIRECTION', 'CONNECTIONS', 'REFUSED', 'FIRST', 'LAST'],
      app.names.map((one) => [
        ...[safe(one.name), one.direction, String(one.connections)],
        ...[one.refused > 0 ? paint('red', String(one.refused)) : '0', formatTime(one.first), formatTime(one.last)],
      ]),
    ),
    ...(app.namesTotal > app.names.length ? [`the last ${app.names.length} of ${app.namesTotal}`] : []),
  ].join('\n');
}

export const appsCommand = buildCommand<ClientFlags, [string?], Context>({
  docs: {
    brief: 'Show the apps that were seen, or everything about one',
    fullDescription:
      'Show the apps that were seen, the last first. Where eBPF counts, with what their ended connections sent and received.\n' +
      'Of one app: its files with their hashes, packages and dates, where it listens now, the rules that can decide about it, its days, and whom it spoke to.\n\n' +
      'Examples:\n  postern apps\n  postern apps curl\n',
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The app, as the list names it', parse: String, optional: true, placeholder: 'NAME' }],
    },
  },
  async func(flags, name) {
    if (name !== undefined) {
      const app = await ask<AppDetails>(flags, 'GET', `/apps/${encodeURIComponent(name)}`);
      if (flags.json) writeJson(app);
      else write(formatApp(app));
      return;
    }
    const apps = await ask<AppView[]>(flags, 'GET', '/apps');
    if (flags.json) writeJson(apps);
    else write(formatApps(apps));
  },
});
