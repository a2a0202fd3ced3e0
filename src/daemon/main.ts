// Where `bin/postern` begins: the command line, with what only the daemon's side can do put in.
import { runCli } from '#cli/main.ts';
import { doctor } from './doctor.ts';
import { up } from './up/up.ts';
import { version } from './version.ts';

process.exitCode = await runCli(process.argv.slice(2), { up, doctor }, version);
