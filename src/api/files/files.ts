// The files of the pages: all that there are is read once at the start, and nothing is looked up on disk by what a request says.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';

export interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

/** By path, such as `/assets/app.js`. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** Names that stand in a path as they are. */
const plainName = /^\/[\w@-][\w.@-]*(\/[\w@-][\w.@-]*)*$/;

export function staticFile(bytes: Uint8Array, name: string): StaticFile {
  const hash = createHash('sha256').update(bytes).digest('base64url');
  return {
    bytes: new Uint8Array(bytes),
    type: types[extname(name)] ?? 'application/octet-stream',
    etag: `"${hash.slice(0, 22)}"`,
  };
}

/** What lies below the folder, below `prefix`: no links, no hidden names. Empty where there is no such folder. */
export function readStaticFiles(folder: string, prefix = ''): StaticFiles {
  const files = new Map<string, StaticFile>();
  let entries: { readonly path: string; readonly file: string }[];
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ file, path: `${prefix}/${relative(folder, file)}` }));
  } catch {
    return files;
  }
  for (const { path, file } of entries) {
    if (plainName.test(path)) files.set(path, staticFile(readFileSync(file), file));
  }
  return files;
}
