// What postern rule add --try says.
import type { RulePreview } from '#model/query/history.ts';
import { formatPreview } from '#model/query/previewtext.ts';
import type { RuleText } from '#model/rule.ts';
import type { ClientFlags } from '../flags.ts';
import { safe, table, write, writeJson } from '../output.ts';

export function showPreview(flags: ClientFlags, rule: RuleText, preview: RulePreview): void {
  if (flags.json) {
    writeJson(preview);
    return;
  }
  write(`${safe(rule.name)} ${formatPreview(preview)}.`);
  if (preview.groups.length === 0) return;
  const arrows: Readonly<Record<string, string>> = { in: '\u2190', forward: '\u21e2' };
  const rows = preview.groups.map(({ app, destination, direction, connections }) => [
    String(connections),
    app,
    `${arrows[direction] ?? '\u2192'} ${destination}`,
  ]);
  write(table(['TIMES', 'APP', 'DESTINATION'], rows));
}
