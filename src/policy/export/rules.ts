// What an export is made from: the compiled rules in their order, and what it gives.
import type { ExportFormat, ExportReport, Left, Trap } from '#model/exchange/reports.ts';
import { escapeText } from '#std/text.ts';
import type { OrderedRule } from '../show/ordered.ts';

export interface ExportFile {
  readonly name: string;
  readonly text: string;
}

/** Notes what was carried over and what was not; built-in rules that have no counterpart are no loss. */
export class Exported {
  readonly #carried = new Set<string>();
  readonly #left = new Map<string, Left>();
  readonly #traps: Trap[] = [];

  carry(rule: OrderedRule): void {
    if (rule.origin !== 'builtin') this.#carried.add(escapeText(rule.name));
  }

  leave(rule: OrderedRule, why: string): void {
    const [from, reason] = [escapeText(rule.name), escapeText(why)];
    if (rule.origin !== 'builtin') this.#left.set(`${from}\n${reason}`, { from, why: reason });
  }

  trap(rule: OrderedRule | null, text: string): void {
    this.#traps.push({ from: rule === null ? null : escapeText(rule.name), text: escapeText(text) });
  }

  /** What was left, as comments of the file that lacks it. */
  comments(): string[] {
    return [...this.#left.values()].map(({ from, why }) => `# not here: ${from}: ${why}`);
  }

  report(format: ExportFormat, files: readonly ExportFile[]): ExportReport {
    return {
      format,
      files: [...files],
      carried: [...this.#carried],
      left: [...this.#left.values()],
      traps: this.#traps,
      written: [],
    };
  }
}

/** The rules that may decide anything. */
export function activeRules(ordered: readonly OrderedRule[]): OrderedRule[] {
  return ordered.filter(({ enabled, expires }) => enabled && expires === null);
}

/** The others, each with the reason. */
export function leaveInactive(ordered: readonly OrderedRule[], exported: Exported): void {
  for (const rule of ordered) {
    if (!rule.enabled) exported.leave(rule, 'it is switched off');
    else if (rule.expires !== null) exported.leave(rule, 'it ends, and what is written does not');
  }
}
