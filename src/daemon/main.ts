// Where `bin/postern` begins: the command line, with what only the daemon's side can do put in.
import { enableCompileCache } from 'node:module';
import { ownCodeFolder } from './codefolder.ts';

// What was compiled once is there for the next command; before anything is loaded that is worth it.
const folder = ownCodeFolder();
if (folder !== undefined) enableCompileCache(folder);
const { runCli } = await import('#cli/main.ts');
const { version } = await import('./version.ts');

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    up: async (options) => (await import('./up/up.ts')).up(options),
    doctor: async () => (await import('./doctor.ts')).doctor(),
    top: async (options) => (await import('#tui/top.ts')).runTop(options),
    agent: async (options) => (await import('#desktop/agent.ts')).runAgent(options),
  },
  version,
);
