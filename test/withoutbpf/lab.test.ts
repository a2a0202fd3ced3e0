// The whole lab once more without eBPF: the path that any kernel has must hold all that the other one does. `script/test --all`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

process.env.POSTERN_KERNEL_PATH = 'none';
const lab = join(import.meta.dirname, '../lab');
/** There no Postern runs, so that nothing is otherwise here. */
const alike = ['dnsstub.test.ts', 'loads.test.ts', 'waysout.test.ts'];
for (const name of readdirSync(lab).sort()) {
  if (name.endsWith('.test.ts') && !alike.includes(name)) await import(join(lab, name));
}
