// postern settings
import { buildCommand, buildRouteMap } from '@stricli/core';
import { type ChangeSettings, type SettingView, settingKeys } from '#model/machine/settings.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { paint, safe, write, writeJson } from '../output.ts';

const sources: Readonly<Record<SettingView['source'], string>> = {
  default: 'as it comes',
  chosen: 'set',
  start: 'by postern up',
  fixed: '',
};

function valueText({ value, unit, words }: SettingView): string {
  return words === null && unit !== null ? `${value} ${unit}` : safe(String(value));
}

function rangeText({ least, most, words }: SettingView): string {
  if (words !== null) return ` One of ${words.map(safe).join(', ')}.`;
  return least === null || most === null ? '' : ` From ${least} to ${most}.`;
}

export function formatSettings(settings: readonly SettingView[]): string {
  return settings
    .map((view) => {
      const from = sources[view.source] === '' ? '' : ` (${sources[view.source]})`;
      const lines = [
        `${paint('bold', safe(view.key))} = ${valueText(view)}${from}`,
        `  ${safe(view.text)}${rangeText(view)}`,
      ];
      return [...lines, ...(view.how === null ? [] : [`  To change it: ${safe(view.how)}.`])].join('\n');
    })
    .join('\n');
}

function tell(flags: ClientFlags, settings: readonly SettingView[], key: string): void {
  if (flags.json) {
    writeJson(settings);
    return;
  }
  const view = settings.find((one) => one.key === key);
  if (view !== undefined) write(`${safe(key)} is ${valueText(view)} now. Take it back with: postern undo`);
}

function changeOf(key: string, value: string | null): ChangeSettings {
  if (!settingKeys.some((known) => known === key)) {
    throw new Ending(
      exits.usage,
      `there is no setting "${safe(key)}" to change here; there are ${settingKeys.join(', ')}`,
    );
  }
  return { [key]: value !== null && /^\d{1,9}$/.test(value) ? Number(value) : value } as ChangeSettings;
}

const showCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Show what is set, and how it is changed',
    fullDescription:
      'Show what is set, what can be changed while Postern runs, and how the rest is changed.\n\nExamples:\n  postern settings\n  postern settings --json\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    const settings = await ask<SettingView[]>(flags, 'GET', '/settings');
    if (flags.json) writeJson(settings);
    else write(formatSettings(settings));
  },
});

const keyParameter = { brief: 'The setting', parse: String, placeholder: 'KEY' } as const;

const setCommand = buildCommand<ClientFlags, [string, string], Context>({
  docs: {
    brief: 'Set something while Postern runs',
    fullDescription:
      'Set something while Postern runs. It holds at once and after a restart, and `postern undo` takes it back.\n\n' +
      `Settings: ${settingKeys.join(' ')}\n\nExamples:\n  postern settings set hold 60\n  postern settings set fail closed\n  postern settings set journal-days 90\n`,
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [keyParameter, { brief: 'Its value', parse: String, placeholder: 'VALUE' }],
    },
  },
  async func(flags, key, value) {
    tell(flags, await ask<SettingView[]>(flags, 'PATCH', '/settings', changeOf(key, value)), key);
  },
});

const resetCommand = buildCommand<ClientFlags, [string], Context>({
  docs: {
    brief: 'Set something as it comes',
    fullDescription: 'Set something as it comes with Postern.\n\nExample:\n  postern settings reset hold\n',
  },
  parameters: { flags: clientFlags, positional: { kind: 'tuple', parameters: [keyParameter] } },
  async func(flags, key) {
    tell(flags, await ask<SettingView[]>(flags, 'PATCH', '/settings', changeOf(key, null)), key);
  },
});

export const settingRoutes = buildRouteMap({
  routes: { show: showCommand, set: setCommand, reset: resetCommand },
  defaultCommand: 'show',
  docs: { brief: 'Settings: show, set, reset' },
});
