// Debian's kernels, by its own package client in a root of its own: nothing of the machine's package lists or sources is touched,
// and nothing is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The releases of Debian that these kernels are the kernels of. */
const suites = { '5.10': 'bullseye', '6.1': 'bookworm', '6.12': 'trixie' } as const;
export type KernelVersion = keyof typeof suites;
export const kernelVersions = Object.keys(suites) as KernelVersion[];
export const isKernelVersion = (text: string): text is KernelVersion => Object.hasOwn(suites, text);

/** Smaller than the plain one, and its configuration has all that is needed. */
const wanted = 'linux-image-cloud-amd64';

export interface Kernel {
  readonly version: KernelVersion;
  /** As `uname -r` has it. */
  readonly release: string;
  /** The compressed kernel. */
  readonly image: string;
  /** With kernel/ and modules.dep below it. */
  readonly modules: string;
}

/** The mirror of Debian that this machine is set up with, by its own package client. */
function mirror(): string {
  const targets = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)'], { encoding: 'utf8' });
  const found = targets.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (!found)
    throw new Error(
      'This machine has no mirror of Debian among its package sources: kernels come from there. Name one in /etc/apt/sources.list.d.',
    );
  return found;
}

function prepare(folder: string): NodeJS.ProcessEnv {
  const path = (name: string) => join(folder, name);
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(path(name), { recursive: true });
  writeFileSync(path('status'), '');
  writeFileSync(
    path('debian.sources'),
    `Types: deb
URIs: ${mirror()}
Suites: ${Object.values(suites).join(' ')}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
  );
  writeFileSync(
    path('apt.conf'),
    `Dir::State "${folder}";
Dir::State::lists "${path('lists')}";
Dir::State::status "${path('status')}";
Dir::Cache "${path('cache')}";
Dir::Etc::SourceList "${path('debian.sources')}";
Dir::Etc::SourceParts "/dev/null";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
`,
  );
  return { ...process.env, APT_CONFIG: path('apt.conf'), LC_ALL: 'C' };
}

export class DebianKernels {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #updated = false;

  /** `folder` keeps what was fetched. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#env = prepare(join(folder, 'apt'));
  }

  #run(file: string, args: readonly string[], cwd = this.#folder): string {
    return execFileSync(file, args, { cwd, env: this.#env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  #update(): void {
    // A suite that is gone is found out when its kernel is asked for.
    if (!this.#updated) this.#run('sh', ['-c', 'apt-get update -qq || true']);
    this.#updated = true;
  }

  /** The kernel's own package, such as linux-image-6.1.0-50-cloud-amd64. */
  #package(version: KernelVersion): string {
    const row = new RegExp(`^\\s*${wanted} \\|\\s*(\\S+) \\|.* ${suites[version]}/main `, 'm');
    const newest = row.exec(this.#run('apt-cache', ['madison', wanted]))?.[1];
    if (newest === undefined) throw new Error(`Debian's archive has no ${wanted} of ${suites[version]}`);
    const depends = /^Depends: .*?(linux-image-[^ ,]+)/m.exec(this.#run('apt-cache', ['show', `${wanted}=${newest}`]));
    if (depends?.[1] === undefined) throw new Error(`${wanted} ${newest} names no kernel`);
    return depends[1];
  }

  #fetch(version: KernelVersion, place: string): void {
    this.#update();
    const name = this.#package(version);
    const beside = `${place}.new`;
    rmSync(beside, { recursive: true, force: true });
    mkdirSync(beside, { recursive: true });
    this.#run('apt-get', ['download', '-qq', `${name}/${suites[version]}`], beside);
    const file = readdirSync(beside).find((entry) => entry.endsWith('.deb')) ?? '';
    this.#run('dpkg-deb', ['-x', file, '.'], beside);
    rmSync(join(beside, file));
    const { release, root } = unpacked(beside);
    this.#run('depmod', ['-b', root, release]);
    renameSync(beside, place);
  }

  /** Fetched once; the folder taken away, it is fetched again. The error says why it cannot be had. */
  get(version: KernelVersion): Kernel {
    const place = join(this.#folder, version);
    if (!existsSync(place)) this.#fetch(version, place);
    const { release, root } = unpacked(place);
    return {
      version,
      release,
      image: join(place, 'boot', `vmlinuz-${release}`),
      modules: join(root, 'lib/modules', release),
    };
  }
}

/** Newer packages have their modules below usr/. */
function unpacked(place: string): { readonly release: string; readonly root: string } {
  const root = existsSync(join(place, 'lib/modules')) ? place : join(place, 'usr');
  const [release] = readdirSync(join(root, 'lib/modules'));
  if (release === undefined) throw new Error(`${root} has no modules`);
  return { release, root };
}
