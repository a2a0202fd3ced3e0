// What is shown beside the settings: chosen elsewhere, or at the start alone, each with how.
import type { Status } from '#model/api.ts';
import type { SettingView } from '#model/machine/settings.ts';
import type { Mode } from '#model/mode.ts';
import type { ControlOptions } from '../../up/options.ts';

export function fixedSettings(
  { forward, configDir, stateDir }: ControlOptions,
  mode: Mode,
  pages: Pick<Status['pages'], 'url'>,
): readonly SettingView[] {
  const atStart = (flag: string) => `start Postern with ${flag}, as in: systemctl edit postern`;
  return [
    fixed(
      'mode',
      mode,
      'What becomes of connections that no rule decides.',
      'the switch at the top of the pages, or: postern mode',
    ),
    fixed(
      'unanswered',
      'reject',
      'What becomes of a question that nobody answers in time.',
      'it is always refused, and no rule is made',
    ),
    fixed(
      'forward',
      forward ? 'on' : 'off',
      'Whether connections that pass through this machine are judged too.',
      atStart('--forward'),
    ),
    fixed(
      'pages',
      pages.url ?? 'off',
      'Where these pages are served.',
      atStart('--pages 127.0.0.1:PORT, or --pages off'),
    ),
    fixed(
      'countries',
      `${configDir}/geo`,
      'Where the tables of countries and network numbers lie.',
      `put a file into ${configDir}/geo; it is read at once`,
    ),
    fixed('rules', `${configDir}/rules.d`, 'Where the rule files lie.', atStart('--config-dir')),
    fixed(
      'state',
      stateDir,
      'Where the journal, the history of changes and what was seen lie.',
      atStart('--state-dir'),
    ),
  ];
}

function fixed(key: string, value: string, text: string, how: string): SettingView {
  return { key, value, default: null, source: 'fixed', text, how, unit: null, least: null, most: null, words: null };
}
