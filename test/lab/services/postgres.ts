// A real PostgreSQL server in the world, on every address of it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Lab } from '../lab.ts';

/** The newest that is installed; Debian's /usr/bin/psql is a Perl script that becomes one of these. */
function postgresBin(): string {
  const [newest] = globSync('/usr/lib/postgresql/*/bin/postgres').sort().reverse();
  if (newest === undefined) throw new Error('PostgreSQL is not installed; run: sudo script/setup --test');
  return join(newest, '..');
}

export const psql = () => join(postgresBin(), 'psql');

/** As long as the lab. */
export async function startPostgres(lab: Lab): Promise<void> {
  const data = join(lab.folder, 'postgres');
  mkdirSync(data);
  const options = { world: true, user: 'postgres', timeoutMs: 60_000 } as const;
  await lab.run(['chown', 'postgres:', data], { world: true });
  const made = await lab.run(
    [join(postgresBin(), 'initdb'), '-D', data, '-A', 'trust', '--no-sync', '--locale=C', '-E', 'UTF8'],
    options,
  );
  if (made.code !== 0) throw new Error(`initdb: ${made.stderr}`);
  appendFileSync(join(data, 'pg_hba.conf'), 'host all all 0.0.0.0/0 trust\n');
  const settings = ['listen_addresses=*', 'unix_socket_directories=', 'fsync=off'].flatMap((one) => ['-c', one]);
  const server = lab.spawn([join(postgresBin(), 'postgres'), '-D', data, ...settings], options);
  await said(server, /ready to accept connections/);
}

async function said(server: ChildProcess, text: RegExp): Promise<void> {
  const lines = createInterface({ input: server.stderr as NodeJS.ReadableStream });
  let all = '';
  const ready = new Promise<void>((done) => {
    lines.on('line', (line) => {
      all += `${line}\n`;
      if (text.test(line)) done();
    });
  });
  const ended = once(server, 'exit').then(() => {
    throw new Error(`the server ended: ${all}`);
  });
  ended.catch(() => {});
  await Promise.race([ready, ended]);
}
