// Settings: what of Postern can be set while it runs, each with its bounds, and what is set.
import { z } from 'zod';
import { failModes } from '../mode.ts';

/** What people may change while it runs; left out: as it comes. In the words of settings.yaml. */
export const chosenSchema = z.strictObject({
  /** Seconds a question waits for its answer. */
  hold: z.int().min(1).max(120).optional(),
  fail: z.enum(failModes).optional(),
  'journal-days': z.int().min(1).max(3650).optional(),
  'journal-megabytes': z.int().min(10).max(100_000).optional(),
  /** Between two looks at each list; 0: only when it is asked for. */
  'lists-hours': z.int().min(0).max(720).optional(),
});
export type Chosen = z.infer<typeof chosenSchema>;
export type SettingKey = keyof Chosen;
export const settingKeys = Object.keys(chosenSchema.shape) as SettingKey[];

export const settingDefaults = {
  hold: 30,
  fail: 'known',
  'journal-days': 30,
  'journal-megabytes': 200,
  'lists-hours': 24,
} as const satisfies Required<Chosen>;

/** null: as it comes. */
export const changeSettingsSchema = z
  .strictObject({
    hold: chosenSchema.shape.hold.nullable(),
    fail: chosenSchema.shape.fail.nullable(),
    'journal-days': chosenSchema.shape['journal-days'].nullable(),
    'journal-megabytes': chosenSchema.shape['journal-megabytes'].nullable(),
    'lists-hours': chosenSchema.shape['lists-hours'].nullable(),
  })
  .refine((change) => Object.keys(change).length > 0, 'says nothing');
export type ChangeSettings = z.infer<typeof changeSettingsSchema>;

export const settingViewSchema = z.strictObject({
  key: z.string(),
  value: z.union([z.string(), z.number()]),
  /** What it is where nobody chose; null for what has none. */
  default: z.union([z.string(), z.number()]).nullable(),
  /** `start`: by the command line of `postern up`, so that it cannot be changed while it runs. */
  source: z.enum(['default', 'chosen', 'start', 'fixed']),
  /** A sentence: what it is. */
  text: z.string(),
  /** How it is changed, where not here; null where it can be. */
  how: z.string().nullable(),
  unit: z.string().nullable(),
  /** The bounds of a number, or the words to choose from. */
  least: z.int().nullable(),
  most: z.int().nullable(),
  words: z.array(z.string()).nullable(),
});
export type SettingView = z.infer<typeof settingViewSchema>;
