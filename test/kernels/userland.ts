// What the emulated machine has beside its kernel: this machine's own programs, package by package with all that they depend on.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Archive } from './cpio.ts';

/** What the tests and init call. */
const wanted = [
  ...[
    'dash',
    'bash',
    'perl-base',
    'libc-bin',
    'coreutils',
    'sed',
    'grep',
    'util-linux',
    'mount',
    'kmod',
    'procps',
    'libstdc++6',
  ],
  ...['iproute2', 'nftables', 'curl', 'iputils-ping', 'python3', 'libbpf1', 'btrfs-progs', 'base-passwd', 'netbase'],
];
const left =
  /^\/usr\/(share\/(doc|man|locale|info|lintian|bash-completion|zoneinfo|perl5)|lib\/systemd|sbin\/tc)(\/|$)/;

const query = (...args: string[]) =>
  execFileSync('dpkg-query', args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });

/** The packages, and what they depend on as far as it is installed; each with its version. */
export function userlandPackages(): readonly string[] {
  const format = `\${db:Status-Abbrev}\t\${Package}\t\${Version}\t\${Pre-Depends}, \${Depends}\n`;
  const installed = new Map<string, { readonly version: string; readonly depends: readonly string[] }>();
  for (const line of query('-W', '-f', format).split('\n')) {
    const [status, name, version, depends] = line.split('\t');
    if (!status?.startsWith('ii') || name === undefined || version === undefined) continue;
    const names = (depends ?? '').split(/[,|]/).map((one) => /^\s*([^\s:(]*)/.exec(one)?.[1] ?? '');
    installed.set(name, { version, depends: names });
  }
  const found = new Map<string, string>();
  const take = (name: string) => {
    const known = installed.get(name);
    if (known === undefined || found.has(name)) return;
    found.set(name, known.version);
    known.depends.forEach(take);
  };
  for (const name of wanted) {
    if (!installed.has(name)) throw new Error(`the package ${name} is not installed on this machine`);
    take(name);
  }
  return [...found].map(([name, version]) => `${name}=${version}`).sort();
}

export function addUserland(archive: Archive, packages: readonly string[]): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) archive.link(`/${name}`, `usr/${name}`);
  for (const name of ['dev', 'proc', 'sys', 'run', 'root', 'var/tmp']) archive.folder(`/${name}`);
  archive.folder('/tmp', 0o1777);
  const paths = query('-L', ...packages.map((entry) => entry.slice(0, entry.indexOf('=')))).split('\n');
  // Whose file a program is.
  const known = packages.map((entry) => `/var/lib/dpkg/info/${entry.slice(0, entry.indexOf('='))}{,:*}.{list,md5sums}`);
  for (const path of ['/var/lib/dpkg/status', ...globSync(known)]) archive.addOwn(path);
  // A diverted /bin/sh is dash's.
  for (const path of ['/bin/sh', ...new Set(paths)]) {
    if (!path.startsWith('/') || path === '/.' || left.test(path) || !existsSync(path)) continue;
    archive.addOwn(path);
    // Made when the package was installed, so that no list names it; without it each start of Python takes seconds there.
    const compiled =
      path.endsWith('.py') && join(dirname(path), '__pycache__', `${basename(path, '.py')}.cpython-311.pyc`);
    if (compiled && existsSync(compiled)) archive.addOwn(compiled);
  }
  archive.text(
    '/etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\npostern:x:999:999::/nonexistent:/usr/sbin/nologin\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n',
  );
  archive.text('/etc/group', 'root:x:0:\npostern:x:999:\nnogroup:x:65534:\n');
  archive.text('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n');
  archive.text('/etc/hosts', '127.0.0.1 localhost\n::1 localhost\n');
}
