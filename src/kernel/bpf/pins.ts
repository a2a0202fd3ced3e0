// The folder in which maps and links outlive the processes that made them: a bpffs of our own, below the runtime folder.
import { existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '#std/result.ts';
import { codeOf, lastErrno, libc } from '../ffi.ts';
import { layoutVersion } from './layout.ts';

const BPF_FS_MAGIC = 0xcafe4a11; // include/uapi/linux/magic.h
const MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8; // include/uapi/linux/mount.h
const MNT_DETACH = 2;

export class Pins {
  readonly #mount: string;
  /** Where this layout's pins are. */
  readonly folder: string;

  private constructor(mount: string) {
    this.#mount = mount;
    this.folder = join(mount, `v${layoutVersion}`);
  }

  /** Where the pins of a Postern with this runtime folder are, mounted or not. */
  static of(runtimeDir: string): Pins {
    return new Pins(join(runtimeDir, 'bpf'));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Mounts the bpffs where none is mounted yet. Only root may look into it. */
  prepare(): Result<void> {
    if (!existsSync(this.#mount)) mkdirSync(this.#mount, { mode: 0o700 });
    if (!this.#isOurs()) return fail(`${this.#mount} is not a folder of root's: take it away`);
    if (statfsSync(this.#mount).type !== BPF_FS_MAGIC) {
      if (libc.mount('bpf', this.#mount, 'bpf', MS_NOSUID_NODEV_NOEXEC, 'mode=0700') < 0) {
        return fail(`a bpf file system cannot be mounted at ${this.#mount}: ${codeOf(lastErrno())}`);
      }
    }
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    return ok(undefined);
  }

  has(names: readonly string[]): boolean {
    return names.every((name) => existsSync(this.path(name)));
  }

  /** Takes this layout's pins away; what nobody else holds leaves the kernel. */
  clear(): void {
    removeFolder(this.folder);
    mkdirSync(this.folder, { mode: 0o700 });
  }

  /** Takes the pins of other layouts away, once ours stand. */
  clearOthers(): void {
    for (const name of readdirSync(this.#mount, { withFileTypes: true })) {
      const path = join(this.#mount, name.name);
      if (name.isDirectory() && path !== this.folder) removeFolder(path);
    }
  }

  /** Others may write into the runtime folder: a link there must not lead a mount elsewhere. */
  #isOurs(): boolean {
    const found = lstatSync(this.#mount, { throwIfNoEntry: false });
    return found?.isDirectory() === true && found.uid === 0;
  }

  /** Nothing stays pinned or mounted. Does nothing where nothing was. */
  remove(): void {
    if (!this.#isOurs()) return;
    if (statfsSync(this.#mount).type === BPF_FS_MAGIC) {
      removeFolder(this.folder);
      this.clearOthers();
      libc.umount2(this.#mount, MNT_DETACH);
    }
    rmdirSync(this.#mount);
  }
}

function removeFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeFolder(path);
    else unlinkSync(path);
  }
  rmdirSync(folder);
}
