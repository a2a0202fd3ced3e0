// postern lists
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { ListHit, ListView } from '#model/net/list.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatAge, paint, safe, table, write, writeJson } from '../output.ts';

const listName = { brief: 'The list', parse: String, placeholder: 'NAME' } as const;
const oneList = { kind: 'tuple', parameters: [listName] } as const;

function content({ names, addresses, skipped }: ListView): string {
  const parts = [
    ...(names > 0 ? [`${names} names`] : []),
    ...(addresses > 0 ? [`${addresses} addresses`] : []),
    ...(skipped > 0 ? [`${skipped} lines skipped`] : []),
  ];
  return parts.join(', ') || 'nothing yet';
}

function sourceOf({ origin, source }: ListView): string {
  return origin === 'builtin' ? 'built in' : safe(source);
}

export function formatLists(lists: readonly ListView[], now = Date.now()): string {
  if (lists.length === 0) return 'There are no lists; add one: postern lists add NAME https://…';
  const rows = lists.map((list) => [
    safe(list.name),
    list.enabled ? 'on' : 'off',
    list.format ?? '',
    content(list),
    formatAge(list.updated, now),
    list.rules.length === 0 ? 'no rule' : `${list.rules.map(safe).join(', ')} (${list.hits} hits)`,
    list.failure === null ? sourceOf(list) : paint('red', safe(list.failure)),
  ]);
  return table(['LIST', '', 'FORMAT', 'HAS', 'CHANGED', 'USED BY', 'SOURCE'], rows);
}

function formatList(list: ListView, now = Date.now()): string {
  const lines = [
    `${safe(list.name)}${list.enabled ? '' : ' (switched off)'}`,
    `  from      ${sourceOf(list)}`,
    `  has       ${content(list)}${list.format === null ? '' : `, most of them as ${list.format}`}`,
    `  changed   ${formatAge(list.updated, now)}, looked at ${formatAge(list.checked, now)}`,
    `  used by   ${list.rules.length === 0 ? `no rule; postern rule add reject --to list:${list.name}` : `${list.rules.map(safe).join(', ')}, ${list.hits} hits`}`,
    ...list.overlaps.map(({ list: other, names }) => `  shared    ${names} names with ${safe(other)}`),
    ...(list.failure === null ? [] : [`  failed    ${paint('red', safe(list.failure))}`]),
    ...list.examples.map(({ line, text, why }) => `  skipped   line ${line}, ${safe(why)}: ${safe(text)}`),
    ...list.off.map((entry) => `  off       ${safe(entry)}`),
  ];
  return lines.join('\n');
}

function show(flags: ClientFlags, list: ListView): void {
  if (flags.json) writeJson(list);
  else write(formatList(list));
}

const showCommand = buildCommand<ClientFlags, [string?], Context>({
  docs: {
    brief: 'Show the lists, or one of them',
    fullDescription:
      'Show the lists, or one of them with what was skipped.\n\nExamples:\n  postern lists\n  postern lists show ads\n',
  },
  parameters: { flags: clientFlags, positional: { kind: 'tuple', parameters: [{ ...listName, optional: true }] } },
  async func(flags, name) {
    const lists = await ask<ListView[]>(flags, 'GET', '/lists');
    if (name === undefined) {
      if (flags.json) writeJson(lists);
      else write(formatLists(lists));
      return;
    }
    const list = lists.find((one) => one.name === name);
    if (list === undefined) throw new Ending(exits.no, `there is no list "${safe(name)}"`);
    if (flags.json) writeJson([list]);
    else write(formatList(list));
  },
});

interface AddFlags extends ClientFlags {
  readonly sha256?: string;
}

const addCommand = buildCommand<AddFlags, [string, string], Context>({
  docs: {
    brief: 'Add a list and fetch it',
    fullDescription:
      'Add a list: hosts files, names, AdBlock rules for whole names, dnsmasq, addresses. It blocks nothing by itself; a rule does.\n\n' +
      'Examples:\n  postern lists add ads https://example.com/hosts.txt\n  postern rule add reject --to list:ads\n  postern lists add mine /etc/postern/mine.txt\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      sha256: {
        kind: 'parsed',
        parse: String,
        brief: 'The hash that its content must have',
        optional: true,
        placeholder: 'HEX',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        listName,
        { brief: 'https://…, or the path of a file or folder', parse: String, placeholder: 'SOURCE' },
      ],
    },
  },
  async func(flags, name, source) {
    const asked = { name, source, ...(flags.sha256 !== undefined && { sha256: flags.sha256 }) };
    show(flags, await ask<ListView>(flags, 'POST', '/lists', asked));
  },
});

const removeCommand = buildCommand<ClientFlags, [string], Context>({
  docs: {
    brief: 'Take a list away',
    fullDescription: 'Take a list away. Rules that name it match nothing then.\n\nExample:\n  postern lists rm ads\n',
  },
  parameters: { flags: clientFlags, positional: oneList },
  async func(flags, name) {
    await ask<null>(flags, 'DELETE', `/lists/${encodeURIComponent(name)}`);
    if (flags.json) writeJson(null);
    else write(`The list "${safe(name)}" is gone.`);
  },
});

const updateCommand = buildCommand<ClientFlags, [string?], Context>({
  docs: {
    brief: 'Fetch a list anew, or all of them',
    fullDescription:
      'Fetch a list anew, or all that are on. They are looked at once a day by themselves.\n\nExample:\n  postern lists update\n',
  },
  parameters: { flags: clientFlags, positional: { kind: 'tuple', parameters: [{ ...listName, optional: true }] } },
  async func(flags, name) {
    const lists = await ask<ListView[]>(flags, 'POST', '/lists/update', name === undefined ? {} : { name });
    if (flags.json) writeJson(lists);
    else write(formatLists(lists));
  },
});

function switching(enabled: boolean) {
  const verb = enabled ? 'on' : 'off';
  return buildCommand<ClientFlags, [string, string?], Context>({
    docs: {
      brief: `Switch a list or one of its entries ${verb}`,
      fullDescription: `Switch a list ${verb}, or one name of it as it stands there.\n\nExamples:\n  postern lists ${enabled ? 'enable' : 'disable'} ads\n  postern lists ${enabled ? 'enable' : 'disable'} ads good.example.com\n`,
    },
    parameters: {
      flags: clientFlags,
      positional: {
        kind: 'tuple',
        parameters: [
          listName,
          { brief: 'A name as it stands in the list', parse: String, optional: true, placeholder: 'ENTRY' },
        ],
      },
    },
    async func(flags, name, entry) {
      const change = entry === undefined ? { enabled } : { entry: { text: entry.toLowerCase(), on: enabled } };
      show(flags, await ask<ListView>(flags, 'PATCH', `/lists/${encodeURIComponent(name)}`, change));
    },
  });
}

const testCommand = buildCommand<ClientFlags, [string], Context>({
  docs: {
    brief: 'Say which lists have a name or address',
    fullDescription:
      'Say which lists that are on have a name or address, and on which line. Exit code 1: none.\n\nExample:\n  postern lists test www.example.com\n',
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'A name or address', parse: String, placeholder: 'NAME|ADDRESS' }],
    },
  },
  async func(flags, of) {
    const hits = await ask<ListHit[]>(flags, 'GET', `/lists/having?of=${encodeURIComponent(of)}`);
    if (flags.json) writeJson(hits);
    else if (hits.length === 0) write(`No list has ${safe(of)}.`);
    else {
      const rows = hits.map(({ list, entry, line, excepted }) => [
        safe(list),
        safe(entry),
        line === null ? '' : `line ${line}`,
        excepted ? 'an exception takes it out' : '',
      ]);
      write(table(['LIST', 'ENTRY', 'WHERE', ''], rows));
    }
    if (!hits.some(({ excepted }) => !excepted)) throw new Ending(exits.no);
  },
});

export const listRoutes = buildRouteMap({
  routes: {
    show: showCommand,
    add: addCommand,
    rm: removeCommand,
    update: updateCommand,
    enable: switching(true),
    disable: switching(false),
    test: testCommand,
  },
  defaultCommand: 'show',
  docs: { brief: 'Block lists: show, add, rm, update, enable, disable, test' },
});
