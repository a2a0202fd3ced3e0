// A preset of `postern run`: destinations under one name, such as `--allow @npm`, from a file of data/presets.
import { parse } from 'yaml';
import { z } from 'zod';
import { fail, ok, type Result } from '#std/result.ts';
import { parseDestination } from '../match/destination.ts';
import { printable } from '../show/words.ts';

const presetSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'has at most 32 small letters, digits and dashes'),
    brief: z.string().min(1).max(200).describe('What it is for, in a line.'),
    allow: z.array(z.string().min(1).max(300)).min(1).max(200).describe('Destinations, as `--allow` takes them.'),
  })
  .readonly();

export type Preset = z.infer<typeof presetSchema>;

/** The file is called as the preset in it, with `.yaml`. The error is a sentence that begins with the file. */
export function readPreset(text: string, file: string): Result<Preset> {
  const wrong = (why: string) => fail(`${file}: ${why}`);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0, logLevel: 'error' });
  } catch (error) {
    return wrong(`not YAML: ${printable(error instanceof Error ? error.message : String(error))}`);
  }
  const parsed = presetSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return wrong(printable(`${issue?.path.join('.') || 'the preset'}: ${issue?.message}`));
  }
  const { name, allow } = parsed.data;
  if (file.slice(file.lastIndexOf('/') + 1) !== `${name}.yaml`)
    return wrong(`the preset ${name} belongs in ${name}.yaml`);
  for (const destination of allow) {
    const found = parseDestination(destination);
    if (!found.ok) return wrong(`allow: ${printable(found.error)}`);
    // Any port of a name, or any place at all, is no preset: those who want that write it themselves.
    if (found.value.place.type === 'any' || found.value.ports === undefined) {
      return wrong(`allow: "${printable(destination)}": write a place and its port, such as registry.npmjs.org:443`);
    }
  }
  const twice = allow.find((one, at) => allow.indexOf(one) !== at);
  return twice === undefined ? ok(parsed.data) : wrong(`allow: "${printable(twice)}" stands there twice`);
}
