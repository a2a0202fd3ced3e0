// Makes build/geo.bin, the country table that Postern comes with, from two of Debian's packages: tor-geoipdb for countries and
// libloc-database for network numbers (AS). Both are data of IPFire's location database, CC BY-SA 4.0. They are fetched by Debian's
// own package client in a root of its own and unpacked below .state; nothing is installed. script/setup runs it.
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { compileGeo } from '#geo/build.ts';
import { formatSource } from '#geo/source.ts';
import { fail, type Result } from '#std/result.ts';
import { writeGeo } from '#store/geo/convert.ts';
import type { SourceHalves } from '#store/geo/halves.ts';
import { parseLibloc } from '#store/geo/libloc.ts';
import { parseTorCsv } from '#store/geo/torcsv.ts';

const root = join(import.meta.dirname, '..');
mkdirSync(join(root, '.state'), { recursive: true });
/** Of this run alone: two at a time do not meet. */
const folder = mkdtempSync(join(root, '.state/geo-'));
const output = join(root, 'build/geo.bin');

/** Where the packages have their files, all of them data. */
const sources: readonly { readonly name: string; readonly parse: (unpacked: string) => Result<SourceHalves> }[] = [
  {
    name: 'tor-geoipdb',
    parse: (unpacked) => {
      const read = (name: string) => readFileSync(join(unpacked, 'usr/share/tor', name));
      return parseTorCsv(read('geoip'), read('geoip6'));
    },
  },
  {
    name: 'libloc-database',
    parse: (unpacked) =>
      parseLibloc(readFileSync(join(unpacked, 'usr/share/libloc-location/location.db')), 'location.db'),
  },
];

const quiet: ExecFileSyncOptionsWithStringEncoding = { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' };

/**
 * The newest of Debian has data of this month, a stable release what it had when it was made. Packages of data need nothing of the
 * release that they are of. Undefined where the machine has no mirror of Debian or does not trust its unstable release.
 */
function ownRoot(): NodeJS.ProcessEnv | undefined {
  const path = (name: string) => join(folder, 'apt', name);
  try {
    const targets = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)'], quiet);
    const mirror = targets.split('\n').find((uri) => /\/debian\/?$/.test(uri));
    if (mirror === undefined) return undefined;
    for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(path(name), { recursive: true });
    writeFileSync(path('status'), '');
    writeFileSync(
      path('debian.sources'),
      `Types: deb\nURIs: ${mirror}\nSuites: sid\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
    );
    writeFileSync(
      path('apt.conf'),
      `Dir::State "${path('')}";
Dir::State::lists "${path('lists')}";
Dir::State::status "${path('status')}";
Dir::Cache "${path('cache')}";
Dir::Etc::SourceList "${path('debian.sources')}";
Dir::Etc::SourceParts "/dev/null";
APT::Sandbox::User "root";
Acquire::Languages "none";
`,
    );
    const env = { ...process.env, APT_CONFIG: path('apt.conf'), LC_ALL: 'C' };
    execFileSync('apt-get', ['update', '-qq'], { ...quiet, env, timeout: 120_000 });
    return env;
  } catch {
    return undefined;
  }
}

/** The folder the package was unpacked to; the error says why it cannot be had. */
function fetch(name: string, env: NodeJS.ProcessEnv | undefined): string {
  const place = join(folder, name);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const download = (environment: NodeJS.ProcessEnv) =>
    execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], {
      ...quiet,
      cwd: place,
      env: environment,
      timeout: 120_000,
    });
  try {
    if (env === undefined) throw new Error('no root');
    download(env);
  } catch {
    // From the machine's own lists, as old as they are.
    download({ ...process.env, LC_ALL: 'C' });
  }
  const file = readdirSync(place).find((entry) => entry.endsWith('.deb')) ?? '';
  execFileSync('dpkg-deb', ['-x', file, 'unpacked'], { ...quiet, cwd: place });
  return join(place, 'unpacked');
}

function halvesOf({ name, parse }: (typeof sources)[number], env: NodeJS.ProcessEnv | undefined): Result<SourceHalves> {
  try {
    return parse(fetch(name, env));
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const reason = stderr
      ?.split('\n')
      .find((line) => line.startsWith('E: '))
      ?.slice(3);
    return fail(reason ?? message.split('\n')[0] ?? '');
  }
}

const env = ownRoot();
const [countries, networks] = sources.map((source) => {
  const halves = halvesOf(source, env);
  if (!halves.ok) console.log(`Debian's package ${source.name} cannot be had: ${halves.error}`);
  return halves.ok ? halves.value : undefined;
});
// What was unpacked is large, and is in the table.
rmSync(folder, { recursive: true, force: true });

if (countries === undefined && networks === undefined) {
  const there = existsSync(output);
  console.log(
    there
      ? 'The country table that was made before stays.'
      : 'There is no country table: rules about countries and networks match nothing. `script/setup` tries again after a day, and whenever .state/geo-tried is removed.',
  );
  process.exit(1);
}
mkdirSync(join(root, 'build'), { recursive: true });
const written = writeGeo(compileGeo(countries?.countries ?? networks?.countries, networks?.networks), output);
if (!written.ok) {
  console.log(written.error);
  process.exit(1);
}
// Nothing in it is secret, and the control plane, another user, reads it too.
chmodSync(output, 0o644);
const { bytes, countrySource, networkSource } = written.value;
console.log(`build/geo.bin has ${(bytes / 1e6).toFixed(1)} MB.`);
console.log(countrySource === undefined ? 'No countries are known.' : `Countries: ${formatSource(countrySource)}.`);
console.log(
  networkSource === undefined ? 'No network numbers (AS) are known.' : `Networks (AS): ${formatSource(networkSource)}.`,
);
