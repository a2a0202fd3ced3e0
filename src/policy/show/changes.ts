// Which rules two sets of files have otherwise, as sentences.
import type { RuleRecord } from '#model/rule.ts';
import type { ChangedRule } from '#model/shown/policyfiles.ts';
import type { MergedRules } from '../parse/merge.ts';
import { formatRule } from './format.ts';

/** By name, whatever file they stand in; built-in rules where they are switched on or off. */
export function changedRules(before: MergedRules, after: MergedRules): ChangedRule[] {
  const [old, young] = [byName(before), byName(after)];
  const names = [...new Set([...old.keys(), ...young.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [old.get(name), young.get(name)];
    if (was?.all === is?.all) return [];
    return [
      {
        name,
        before: was?.sentence ?? null,
        after: is?.sentence ?? null,
        meaning: was?.meaning !== is?.meaning,
      },
    ];
  });
}

interface Said {
  readonly sentence: string;
  /** All of it, and all that decides anything. */
  readonly all: string;
  readonly meaning: string;
}

function byName({ records, disabled }: MergedRules): Map<string, Said> {
  return new Map(records.map((record) => [record.rule.name, said(record, disabled)]));
}

function said({ rule }: RuleRecord, disabled: ReadonlySet<string>): Said {
  const { enabled, ...rest } = rule;
  const off = enabled === false || disabled.has(rule.name);
  const whole = { ...rest, ...(off && { enabled: false }) };
  const { note: _, tests: __, ...meaning } = whole;
  const priority = rule.priority === undefined ? '' : `, priority ${rule.priority}`;
  return { sentence: `${formatRule(whole)}${priority}`, all: sorted(whole), meaning: sorted(meaning) };
}

const sorted = (value: object) => JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
