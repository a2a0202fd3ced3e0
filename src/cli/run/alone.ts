// Where no Postern runs, root brings one for commands alone, which ends with the last of them.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '#client/client.ts';
import type { Status } from '#model/api.ts';
import { Ending, exits } from '../context.ts';
import { safe } from '../output.ts';

const waitMs = 30_000;
const lookMs = 50;
const lateMs = 5000;

/** Whether somebody listens there, and whether what is there enforces. */
async function isReady(runtimeDir: string): Promise<boolean> {
  const status = await new Client(runtimeDir).ask<Status>('GET', '/status');
  return status.ok && status.value.gate !== null && status.value.gate.revision > 0;
}

/** The runtime folder of one that guards commands alone: of one that is there, or begun now. It ends us where none can be. */
export async function guardAlone(runtimeDir: string, more: readonly string[]): Promise<string> {
  const own = `${runtimeDir}.run`;
  if (await isReady(own)) return own;
  mkdirSync(own, { recursive: true, mode: 0o755 });
  const log = join(own, 'log');
  const fd = openSync(log, 'a', 0o600);
  const flags = ['--only-runs', '--mode', 'allow', '--fail', 'closed', '--pages', 'off'];
  const folders = [...['--config-dir', join(own, 'config'), '--state-dir', join(own, 'state'), '--runtime-dir', own]];
  const child = spawn(
    process.execPath,
    [...process.execArgv, process.argv[1] ?? '', 'up', ...flags, ...folders, ...more],
    {
      ...{ stdio: ['ignore', fd, fd], detached: true, cwd: '/' },
    },
  );
  closeSync(fd);
  child.unref();
  // Another one may have been quicker: then ours ends, and that one guards.
  for (let waited = 0, late = 0; waited < waitMs && late < lateMs; waited += lookMs) {
    if (child.exitCode !== null) late += lookMs;
    if (await isReady(own)) return own;
    await sleep(lookMs);
  }
  const said = readFileSync(log, 'utf8').trim().split('\n').slice(-3).join('\n');
  throw new Ending(
    exits.notPermitted,
    `the command was not run, because nothing guards it: ${safe(said) || 'no gate came'}`,
  );
}
