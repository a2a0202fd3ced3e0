// An initramfs in the making: a cpio archive of the kind "newc" (Documentation/driver-api/early-userspace/buffer-format.rst).
// Several of them one behind the other are an initramfs too.
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const permissions = 0o7777;
const nothing = Buffer.alloc(0);

export class Archive {
  readonly #fd: number;
  readonly #names = new Set<string>(['/']);

  constructor(path: string) {
    this.#fd = openSync(path, 'w');
  }

  #entry(path: string, mode: number, mtime: number, data: Uint8Array): void {
    const name = path === '' ? 'TRAILER!!!' : path.slice(1);
    // c_ino, c_mode, c_uid, c_gid, c_nlink, c_mtime, c_filesize, c_maj, c_min, c_rmaj, c_rmin, c_namesize, c_chksum
    const length = Buffer.byteLength(name) + 1;
    const numbers = [this.#names.size, mode, 0, 0, 1, mtime, data.length, 0, 0, 0, 0, length, 0];
    const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}${name}\0`;
    this.#write(Buffer.from(header));
    this.#write(data);
  }

  /** Each part begins at a multiple of four bytes. */
  #write(data: Uint8Array): void {
    for (let at = 0; at < data.length; at += writeSync(this.#fd, data, at));
    const over = data.length % 4;
    if (over !== 0) writeSync(this.#fd, Buffer.alloc(4 - over));
  }

  /** Whether the path is new; its folders are made where they are not there yet. */
  #isNew(path: string): boolean {
    if (this.#names.has(path)) return false;
    this.folder(dirname(path));
    this.#names.add(path);
    return true;
  }

  folder(path: string, mode = 0o755): void {
    if (this.#isNew(path)) this.#entry(path, S_IFDIR | mode, 0, nothing);
  }

  text(path: string, text: string, mode = 0o644): void {
    if (this.#isNew(path)) this.#entry(path, S_IFREG | mode, 0, Buffer.from(text));
  }

  link(path: string, target: string): void {
    if (this.#isNew(path)) this.#entry(path, S_IFLNK | 0o777, 0, Buffer.from(target));
  }

  /** What stands at `source`, and with `whole` all that is below it. Times are kept: Python compares them. */
  add(path: string, source: string, options: { readonly whole?: boolean } = {}): void {
    const status = lstatSync(source);
    const mode = status.mode & permissions;
    if (status.isSymbolicLink()) this.link(path, readlinkSync(source));
    else if (status.isDirectory()) {
      this.folder(path, mode);
      if (options.whole)
        for (const name of readdirSync(source)) this.add(join(path, name), join(source, name), options);
    } else if (status.isFile() && this.#isNew(path)) {
      this.#entry(path, S_IFREG | mode, Math.floor(status.mtimeMs / 1000), readFileSync(source));
    }
  }

  /** At the place that it really has on this machine: /bin/sh is /usr/bin/sh. */
  addOwn(path: string): void {
    this.add(join(realpathSync(dirname(path)), basename(path)), path);
  }

  close(): void {
    this.#entry('', 0, 0, nothing);
    closeSync(this.#fd);
  }
}
