// Imported rules as rule files: YAML that says above each rule where it came from.
import { formatJson } from '#std/text.ts';
import type { Imported, ImportedRules, TextFile } from './collection.ts';

/** Less than a rule file may have, so that there is room for what people add. */
const maxRulesInFile = 20_000;
const maxCharacters = 5_000_000;

/** The files, of which there are several only when one could not hold all rules. */
export function ruleFiles({ imported, report }: Pick<ImportedRules, 'imported' | 'report'>): TextFile[] {
  const parts: string[][] = [[]];
  let characters = 0;
  for (const one of imported) {
    const text = ruleBlock(one);
    const last = parts.at(-1) as string[];
    if (last.length > 0 && (last.length >= maxRulesInFile || characters + text.length > maxCharacters)) {
      parts.push([text]);
      characters = text.length;
    } else {
      last.push(text);
      characters += text.length;
    }
  }
  const head = `# Imported from ${report.format}: ${imported.length} rules. The report of the import says what could not be carried over.\n`;
  return parts.map((blocks, at) => ({
    name: parts.length === 1 ? `50-${report.format}.yaml` : `50-${report.format}-${at + 1}.yaml`,
    text: `${head}${blocks.length === 0 ? 'rules: []' : `rules:\n${blocks.join('\n')}`}\n`,
  }));
}

function ruleBlock({ from, rule }: Imported): string {
  const lines = Object.entries(rule).map(([key, value]) => `${key}: ${flow(value)}`);
  return [`  # ${from.slice(0, 500)}`, `  - ${lines[0]}`, ...lines.slice(1).map((line) => `    ${line}`)].join('\n');
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${flow(inner)}`)
      .join(', ')} }`;
  }
  return typeof value === 'string' ? scalar(value) : String(value);
}

/** As it stands where YAML cannot take it for anything else, else as JSON, which YAML reads too. */
function scalar(text: string): string {
  const plain = /^[A-Za-z/][\w./@+-]*( [\w./@+-]+)*$/.test(text);
  return plain && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : formatJson(text);
}
