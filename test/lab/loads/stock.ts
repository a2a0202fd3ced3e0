// What the servers of the loads have to give: packages of npm and Python, a repository, and a certificate for their names.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const httpPort = 8081;
export const httpsPort = 8443;
export const gitPort = 9418;

export const hosts = {
  npm: 'registry.npmjs.test',
  index: 'pypi.test',
  files: 'files.pythonhosted.test',
  git: 'git.test',
  site: 'www.site.test',
} as const;

const write = (path: string, text: string) => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
};

/** An authority of the lab's own and a certificate for all the names. */
function certificate(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Postern lab');
  openssl('req', ...key, '-keyout', 'key.pem', '-out', 'cert.csr', '-subj', '/CN=lab');
  const names = Object.values(hosts).map((name) => `DNS:${name}`);
  writeFileSync(join(folder, 'names.ext'), `subjectAltName=${names.join(',')}\n`);
  const ca = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names.ext'];
  openssl('x509', '-req', '-in', 'cert.csr', ...ca, '-out', 'cert.pem');
}

export interface NpmPackage {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly tarball: string;
  readonly integrity: string;
}

/** One package of npm, its tarball and what the registry says of it. */
function npmPackage(folder: string, name: string, dependencies: Readonly<Record<string, string>>): NpmPackage {
  const made = join(folder, 'make', name);
  const manifest = { name, version: '1.0.0', main: 'index.js', dependencies };
  const needed = Object.keys(dependencies).map((one) => ` + require('${one}')`);
  write(join(made, 'package/package.json'), JSON.stringify(manifest));
  write(join(made, 'package/index.js'), `module.exports = '${name} '${needed.join('')};\n`);
  const path = `/${name}/-/${name}-1.0.0.tgz`;
  const file = join(folder, 'files', hosts.npm, path);
  mkdirSync(join(file, '..'), { recursive: true });
  const bytes = execFileSync('tar', ['-C', made, '-cz', 'package']);
  writeFileSync(file, bytes);
  const tarball = `https://${hosts.npm}:${httpsPort}${path}`;
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const versions = { '1.0.0': { ...manifest, dist: { tarball, integrity } } };
  write(
    join(folder, 'files', hosts.npm, name, 'index'),
    JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions }),
  );
  return { name, dependencies, tarball, integrity };
}

/** A wheel, and the page of the index that leads to it, on another host as on PyPI. */
function pythonPackage(folder: string, name: string): void {
  const wheel = `${name}-1.0.0-py3-none-any.whl`;
  const script = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.writestr('${name}.py', 'said = "${name} works"\\n')
    info = '${name}-1.0.0.dist-info/'
    z.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: ${name}\\nVersion: 1.0.0\\n')
    z.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: lab\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr(info + 'RECORD', '')
`;
  const file = join(folder, 'files', hosts.files, 'packages', wheel);
  mkdirSync(join(file, '..'), { recursive: true });
  execFileSync('/usr/bin/python3', ['-c', script, file]);
  const link = `https://${hosts.files}:${httpsPort}/packages/${wheel}`;
  write(
    join(folder, 'files', hosts.index, 'simple', name.replaceAll('_', '-'), 'index'),
    `<!doctype html><a href="${link}">${wheel}</a>\n`,
  );
}

function repository(folder: string): void {
  const work = join(folder, 'make/repository');
  write(join(work, 'README'), 'It works.\n');
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: work, stdio: 'pipe', env: { PATH: process.env.PATH, HOME: folder } });
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('-c', 'user.name=lab', '-c', 'user.email=lab@lab.test', 'commit', '-q', '-m', 'The first');
  git('clone', '-q', '--bare', work, join(folder, 'git/demo.git'));
}

/** Fills the folder that server.ts serves. */
export function makeStock(folder: string): readonly NpmPackage[] {
  mkdirSync(join(folder, 'git'), { recursive: true });
  certificate(folder);
  pythonPackage(folder, 'lab_demo');
  repository(folder);
  write(join(folder, 'files', hosts.site, 'hello'), 'hello\n');
  const leaves = ['lab-left', 'lab-right'].map((name) => npmPackage(folder, name, {}));
  return [npmPackage(folder, 'lab-app', { 'lab-left': '^1.0.0', 'lab-right': '^1.0.0' }), ...leaves];
}
