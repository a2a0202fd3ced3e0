// The whole lab once more without eBPF: the path that any kernel has must hold all that the other one does.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

process.env.POSTERN_KERNEL_PATH = 'none';
const own = import.meta.filename;
for (const name of readdirSync(import.meta.dirname).sort()) {
  const file = join(import.meta.dirname, name);
  if (name.endsWith('.test.ts') && file !== own) await import(file);
}
