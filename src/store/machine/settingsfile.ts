// settings.yaml: what people set while Postern runs. Comments and order stay as they are.
import { isMap, parseDocument } from 'yaml';
import { type ChangeSettings, type Chosen, chosenSchema } from '#model/machine/settings.ts';
import { fail, ok, type Result } from '#std/result.ts';

export const settingsFileName = 'settings.yaml';

const opening = `# What was set with \`postern settings\` and in the pages. You may edit this file too; what postern up is told at its start goes before.
`;

/** The error is a sentence. */
export function parseSettingsFile(text: string): Result<Chosen> {
  const document = parseDocument(text, { version: '1.2', schema: 'core' });
  const [error] = document.errors;
  if (error !== undefined) return fail(error.message.split('\n')[0] ?? 'it is not YAML');
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 10 }) ?? {};
  } catch (problem) {
    return fail(String(problem));
  }
  const parsed = chosenSchema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return fail(`${issue?.path.length === 0 ? '' : `${issue?.path.join('.')}: `}${issue?.message}`);
}

/** `text` must be such a file without errors, or empty. */
export function changeSettingsText(text: string, change: ChangeSettings): string {
  const document = parseDocument(text.trim() === '' ? `${opening}{}\n` : text);
  if (!isMap(document.contents)) document.contents = document.createNode({}) as never;
  if (isMap(document.contents)) document.contents.flow = false;
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) continue;
    if (value === null) document.delete(key);
    else document.set(key, value);
  }
  return document.toString({ lineWidth: 120 });
}
