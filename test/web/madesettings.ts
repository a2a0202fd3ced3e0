// Made-up settings for the fake server of the pages.
import type { ChangeSettings, SettingView } from '#model/machine/settings.ts';

const none = { unit: null, least: null, most: null, words: null } as const;

export const madeSettings: readonly SettingView[] = [
  {
    ...{ key: 'hold', value: 30, default: 30, source: 'default', how: null, unit: 'seconds', least: 1, most: 120 },
    ...{ words: null, text: 'How long a question waits for its answer; then what was held is refused.' },
  },
  {
    ...{ key: 'fail', value: 'closed', default: 'known', source: 'chosen', how: null, unit: null, least: null },
    ...{ most: null, words: ['open', 'closed', 'known'], text: 'What passes while nobody judges.' },
  },
  {
    ...{ key: 'mode', value: 'ask', default: null, source: 'fixed', ...none },
    ...{ text: 'What becomes of connections that no rule decides.', how: 'the switch at the top of the pages' },
  },
];

export function changeMadeSettings(settings: readonly SettingView[], change: ChangeSettings): SettingView[] {
  const changes: Readonly<Record<string, string | number | null | undefined>> = change;
  return settings.map((view) => {
    const value = changes[view.key];
    if (value === undefined) return view;
    if (value === null) return { ...view, value: view.default ?? view.value, source: 'default' };
    return { ...view, value, source: 'chosen' };
  });
}
