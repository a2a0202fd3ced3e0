// What axe says of a page that is serious, in a line each.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Run from outside of the page, whose policy allows no script but its own. */
export async function complaints(page: Page, least: 'serious' | 'any' = 'serious'): Promise<string[]> {
  const run = `${axe}; axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)`;
  const found = (await page.evaluate(run)) as Violation[];
  return found
    .filter(({ impact }) => least === 'any' || impact === 'serious' || impact === 'critical')
    .map(
      ({ id, impact, nodes }) =>
        `${impact} ${id}: ${nodes.length}× ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary?.split('\n')[1] ?? ''}`,
    );
}
