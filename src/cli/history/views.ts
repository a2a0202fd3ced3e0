// postern views, and what postern log takes from one.
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { FieldName } from '#model/query/fields.ts';
import { type SavedView, spanOf, type View } from '#model/query/view.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { safe, table, write, writeJson } from '../output.ts';
import { incomparable, parseField, parseWhen, readQuery } from './asked.ts';

interface Shown {
  readonly since?: string;
  readonly until?: string;
  readonly count?: FieldName;
  readonly compare: boolean;
}

/** The minute of a time, here, as a field for a date and a time has it. */
function localMinute(time: number): string {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function viewOf({ since, until, count, compare }: Shown, query: string): View {
  const time =
    until === undefined && spanOf(since) !== undefined
      ? { range: since }
      : since === undefined && until === undefined
        ? {}
        : {
            range: 'own',
            ...(since !== undefined && { from: localMinute(parseWhen(since)) }),
            ...(until !== undefined && { to: localMinute(parseWhen(until)) }),
          };
  return {
    ...(query !== '' && { q: query }),
    ...time,
    ...(count !== undefined && { by: count }),
    ...(compare && { than: 'before' }),
  };
}

export async function findView(flags: ClientFlags, name: string): Promise<View> {
  const views = await ask<SavedView[]>(flags, 'GET', '/views');
  const found = views.find((one) => one.name === name);
  if (found === undefined) throw new Ending(exits.no, `you have no view "${safe(name)}"; postern views lists them`);
  return found.view;
}

function timeText({ range, from, to }: View): string {
  if (range === undefined || range === '') return 'any time';
  return range === 'own' ? `${from ?? ''} to ${to ?? ''}` : `the last ${range}`;
}

function thanText({ than, thanFrom, thanTo }: View): string {
  if (than === 'before') return ', compared with the time before';
  return than === 'own' ? `, compared with ${thanFrom ?? ''} to ${thanTo ?? ''}` : '';
}

function show(flags: ClientFlags, views: readonly SavedView[]): void {
  if (flags.json) {
    writeJson(views);
    return;
  }
  if (views.length === 0) {
    write('You have no views. Keep one with: postern views keep NAME QUERY…');
    return;
  }
  const rows = views.map(({ name, view }) => [
    safe(name),
    safe(view.q ?? ''),
    safe(timeText(view)),
    safe(`${view.by ?? ''}${thanText(view)}`),
  ]);
  write(table(['NAME', 'QUERY', 'WHEN', 'TOGETHER BY'], rows));
}

const showCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Show your views of History',
    fullDescription:
      'Show the views of History that you keep, here or on the page.\n\nExamples:\n  postern views\n  postern views --json\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    show(flags, await ask<SavedView[]>(flags, 'GET', '/views'));
  },
});

const nameParameter = { brief: 'What the view is called', parse: String, placeholder: 'NAME' } as const;

const when = (brief: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, placeholder: 'WHEN' }) as const;

const keepCommand = buildCommand<ClientFlags & Shown, [string, ...string[]], Context>({
  docs: {
    brief: 'Keep a question to the journal under a name',
    fullDescription:
      'Keep a question to the journal under a name, in the words of `postern log`. It is yours alone, and the page History has it too.\n\n' +
      "Examples:\n  postern views keep Refusals 'verdict:reject own:no' --since 24h\n  postern views keep 'By domain' app:firefox --since 7d --count domain --compare\n  postern log --view Refusals\n",
  },
  parameters: {
    flags: {
      ...clientFlags,
      since: when('Not before: 7d, 12h, 30m, or a date'),
      until: when('Not after'),
      count: {
        kind: 'parsed',
        parse: parseField,
        brief: 'Together by this field',
        optional: true,
        placeholder: 'FIELD',
      },
      compare: { kind: 'boolean', brief: 'Beside the time before', default: false, withNegated: false },
    },
    positional: {
      kind: 'array',
      parameter: { parse: String, brief: 'Its name, and which connections', placeholder: 'NAME QUERY' },
      minimum: 1,
    },
  },
  async func(flags, name, ...words) {
    if (flags.compare && (flags.since === undefined || flags.count === undefined)) throw incomparable;
    const view = viewOf(flags, readQuery(words).text);
    const views = await ask<SavedView[]>(flags, 'PUT', `/views/${encodeURIComponent(name)}`, view);
    if (flags.json) writeJson(views);
    else write(`Kept. It is shown by: postern log --view '${safe(name)}'`);
  },
});

const forgetCommand = buildCommand<ClientFlags, [string], Context>({
  docs: {
    brief: 'Forget a view',
    fullDescription: 'Forget a view of History.\n\nExample:\n  postern views forget Refusals\n',
  },
  parameters: { flags: clientFlags, positional: { kind: 'tuple', parameters: [nameParameter] } },
  async func(flags, name) {
    const views = await ask<SavedView[]>(flags, 'DELETE', `/views/${encodeURIComponent(name)}`);
    if (flags.json) writeJson(views);
    else write(`The view "${safe(name)}" is forgotten.`);
  },
});

export const viewRoutes = buildRouteMap({
  routes: { show: showCommand, keep: keepCommand, forget: forgetCommand },
  defaultCommand: 'show',
  docs: { brief: 'Views of History: show, keep, forget' },
});
