// The rules of a command, from its flags: destinations, presets of data/presets, a file.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuleText } from '#model/rule.ts';
import { formatDiagnostic, parseRuleFile } from '#policy/index.ts';
import { destinationRules } from '#policy/run/destinations.ts';
import { type Preset, readPreset } from '#policy/run/presets.ts';
import { freeName } from '#std/freename.ts';
import { Ending, exits } from '../context.ts';

const presetsFolder = join(import.meta.dirname, '../../../data/presets');

/** All that come with Postern, by name. */
export function readPresets(): readonly Preset[] {
  return readdirSync(presetsFolder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const path = join(presetsFolder, file);
      const preset = readPreset(readFileSync(path, 'utf8'), path);
      if (!preset.ok) throw new Error(preset.error);
      return preset.value;
    });
}

/** What a flag says, with `@name` as the destinations of that preset. */
function expanded(text: string): readonly string[] {
  if (!text.startsWith('@')) return [text];
  const presets = readPresets();
  const found = presets.find(({ name }) => `@${name}` === text);
  if (found !== undefined) return found.allow;
  throw new Ending(
    exits.usage,
    `there is no preset ${text}`,
    `there are ${presets.map(({ name }) => `@${name}`).join(' ')}`,
  );
}

function ofFlag(action: 'allow' | 'reject', flag: string, values: readonly string[]): RuleText[] {
  return values.flatMap((value) =>
    expanded(value).flatMap((text) => {
      const rules = destinationRules(action, text);
      if (!rules.ok) throw new Ending(exits.usage, `${flag}: ${rules.error}`);
      return rules.value;
    }),
  );
}

function ofFile(file: string): RuleText[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Ending(exits.usage, `--policy: ${error instanceof Error ? error.message : error}`);
  }
  const { records, diagnostics } = parseRuleFile(text, file);
  const wrong = diagnostics.filter(({ severity }) => severity === 'error');
  if (wrong.length > 0) throw new Ending(exits.usage, wrong.map(formatDiagnostic).join('\n'));
  return records.map(({ rule }) => rule);
}

export interface RuleFlags {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly policy?: string;
}

/** Each under a name of its own. What cannot be understood ends the command. */
export function rulesOfFlags({ allow = [], deny = [], policy }: RuleFlags): RuleText[] {
  const all = [
    ...(policy === undefined ? [] : ofFile(policy)),
    ...ofFlag('reject', '--deny', deny),
    ...ofFlag('allow', '--allow', allow),
  ];
  const taken = new Set<string>();
  const texts = new Set<string>();
  return all.flatMap((rule) => {
    // Two presets may name the same place.
    const text = JSON.stringify(rule);
    if (texts.has(text)) return [];
    texts.add(text);
    const name = freeName(rule.name, taken);
    taken.add(name);
    return [{ ...rule, name }];
  });
}
