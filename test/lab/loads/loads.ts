// Real work against servers of the lab: what developers run under `postern run`. Each load says what it needs and how to see that it worked.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab, Ran, Talker } from '../lab.ts';
import { Resolver } from '../resolver.ts';
import { gitPort, hosts, httpPort, httpsPort, makeStock, type NpmPackage } from './stock.ts';

/** Where the servers are; the files of the Python index are elsewhere, as they are in the world. */
const servers = { most: '198.51.100.7', files: '198.51.100.8' } as const;

/** What the lab's name server must know for the loads, as lines for `Resolver`. */
export const loadNames: readonly string[] = Object.values(hosts).map(
  (name) => `host-record=${name},${name === hosts.files ? servers.files : servers.most}`,
);

export interface Load {
  readonly name: string;
  /** Destinations as `--allow` takes them: these are needed, and no others. */
  readonly allow: readonly string[];
  /** The command line, whose work is done in a folder of its own; any user may run it. */
  readonly command: (folder: string) => readonly string[];
  /** What it has brought when it worked: the text and what it must be. */
  readonly brought: (folder: string, ran: Ran) => { readonly found: string; readonly wanted: string };
}

const contents = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
/** Proxies, authorities and settings of whoever runs the tests are not those of the lab. */
const clean = (folder: string) => ['env', '-i', `PATH=${process.env.PATH}`, `HOME=${folder}`];
const secure = (name: string) => `${name}:${httpsPort}`;

/** The lock file that npm would have written. */
function lockFile(packages: readonly NpmPackage[]): string {
  const root = { name: 'work', version: '1.0.0', dependencies: { 'lab-app': '^1.0.0' } };
  const installed = packages.map(({ name, dependencies, tarball, integrity }) => [
    `node_modules/${name}`,
    { version: '1.0.0', resolved: tarball, integrity, dependencies },
  ]);
  return JSON.stringify({
    ...root,
    lockfileVersion: 3,
    requires: true,
    packages: { '': root, ...Object.fromEntries(installed) },
  });
}

export class Loads {
  readonly all: readonly Load[];
  readonly #folder: string;
  readonly #server: Talker;

  private constructor(folder: string, server: Talker, packages: readonly NpmPackage[]) {
    this.#folder = folder;
    this.#server = server;
    this.all = [...this.#npm(packages), this.#pip(), ...this.#git(), ...this.#curl()];
  }

  /** Makes what there is to fetch and starts the servers, and a name server unless somebody has one that knows `loadNames`. */
  static async start(lab: Lab, { resolver = true }: { readonly resolver?: boolean } = {}): Promise<Loads> {
    const folder = join(lab.folder, 'loads');
    mkdirSync(folder);
    const packages = makeStock(folder);
    lab.address(servers.files);
    if (resolver) await new Resolver(lab).start(loadNames);
    const script = join(import.meta.dirname, 'server.ts');
    const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
    const server = lab.talker([...node, script, folder, String(httpPort), String(httpsPort)], { world: true });
    await server.next();
    const daemon = [
      'git',
      '-c',
      'safe.directory=*',
      'daemon',
      '--verbose',
      '--export-all',
      `--base-path=${folder}/git`,
    ];
    const git = lab.spawn(['env', `HOME=${folder}`, ...daemon, `--port=${gitPort}`, '--reuseaddr'], { world: true });
    await new Promise<void>((resolve, reject) => {
      let said = '';
      git.stderr?.on('data', (text: Buffer) => {
        said += String(text);
        if (said.includes('Ready to rumble')) resolve();
      });
      git.once('exit', () => reject(new Error(`git daemon ended: ${said}`)));
    });
    return new Loads(folder, server, packages);
  }

  /** How often each name was asked over HTTP and HTTPS so far. */
  async asked(): Promise<Readonly<Record<string, number>>> {
    return JSON.parse(await this.#server.say()) as Record<string, number>;
  }

  /** A folder for one run of a load, which any user may write to. */
  place(): string {
    const folder = mkdtempSync(join(this.#folder, 'work-'));
    chmodSync(folder, 0o777);
    return folder;
  }

  /** Runs a load by `run`, such as within `postern run`; the error says in what it failed. */
  async perform(
    load: Load,
    run: (command: readonly string[]) => Promise<Ran>,
  ): Promise<Ran & { readonly error?: string }> {
    const folder = this.place();
    const ran = await run(load.command(folder));
    if (ran.code !== 0) return { ...ran, error: `${load.name} ended with ${ran.code}: ${ran.stdout}${ran.stderr}` };
    const { found, wanted } = load.brought(folder, ran);
    return found === wanted ? ran : { ...ran, error: `${load.name} brought "${found}" and not "${wanted}"` };
  }

  get #authority(): string {
    return join(this.#folder, 'ca.pem');
  }

  #npm(packages: readonly NpmPackage[]): Load[] {
    const npm = (folder: string, ...words: string[]) => {
      const registry = ['--registry', `https://${secure(hosts.npm)}/`, '--cafile', this.#authority];
      const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--cache', join(folder, 'cache')];
      return [...clean(folder), 'npm', '--prefix', folder, ...words, ...registry, ...quiet];
    };
    const brought = (folder: string) => ({
      found: packages
        .map(({ name }) => contents(join(folder, 'node_modules', name, 'index.js')).slice(0, 28 + name.length))
        .join(''),
      wanted: packages
        .map(({ name }) => contents(join(this.#folder, 'make', name, 'package/index.js')).slice(0, 28 + name.length))
        .join(''),
    });
    const manifest = JSON.stringify({ name: 'work', version: '1.0.0', dependencies: { 'lab-app': '^1.0.0' } });
    const allow = [secure(hosts.npm)];
    return [
      {
        name: 'npm install',
        allow,
        command: (folder) => npm(folder, 'install', 'lab-app'),
        brought,
      },
      {
        name: 'npm ci',
        allow,
        command: (folder) => {
          writeFileSync(join(folder, 'package.json'), manifest);
          writeFileSync(join(folder, 'package-lock.json'), lockFile(packages));
          return npm(folder, 'ci');
        },
        brought,
      },
    ];
  }

  #pip(): Load {
    return {
      name: 'pip install',
      allow: [secure(hosts.index), secure(hosts.files)],
      command: (folder) => {
        const pip = ['/usr/bin/python3', '-m', 'pip', '--isolated', '--disable-pip-version-check', '--no-cache-dir'];
        const index = [
          '--index-url',
          `https://${secure(hosts.index)}/simple`,
          '--cert',
          this.#authority,
          '--retries',
          '0',
        ];
        return [
          ...clean(folder),
          ...pip,
          'install',
          '--timeout',
          '60',
          ...index,
          '--target',
          join(folder, 'installed'),
          'lab_demo',
        ];
      },
      brought: (folder) => ({
        found: contents(join(folder, 'installed/lab_demo.py')),
        wanted: 'said = "lab_demo works"\n',
      }),
    };
  }

  #git(): Load[] {
    const clone = (name: string, url: string, allow: string): Load => ({
      name,
      allow: [allow],
      command: (folder) => {
        const git = [...clean(folder), 'GIT_TERMINAL_PROMPT=0', 'git', '-c', `http.sslCAInfo=${this.#authority}`];
        return [...git, 'clone', '-q', url, join(folder, 'clone')];
      },
      brought: (folder) => ({ found: contents(join(folder, 'clone/README')), wanted: 'It works.\n' }),
    });
    return [
      clone('git clone https://', `https://${secure(hosts.git)}/demo.git`, secure(hosts.git)),
      clone('git clone http://', `http://${hosts.git}:${httpPort}/demo.git`, `${hosts.git}:${httpPort}`),
      clone('git clone git://', `git://${hosts.git}/demo.git`, `${hosts.git}:${gitPort}`),
    ];
  }

  #curl(): Load[] {
    const get = (name: string, url: string, allow: string): Load => ({
      name,
      allow: [allow],
      command: (folder) => [...clean(folder), 'curl', '-sS', '-m', '60', '--cacert', this.#authority, url],
      brought: (_, { stdout }) => ({ found: stdout, wanted: 'hello\n' }),
    });
    return [
      get('curl https://', `https://${secure(hosts.site)}/hello`, secure(hosts.site)),
      get('curl http://', `http://${hosts.site}:${httpPort}/hello`, `${hosts.site}:${httpPort}`),
    ];
  }
}
