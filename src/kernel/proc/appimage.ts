// Which .AppImage file a program was started from: what the kernel says is mounted there, not what the program says.
import { readFileSync } from 'node:fs';

/** An AppImage mounts itself at /tmp/.mount_NAME with its own file as the source of the mount. */
const mountPoint = /^(\/tmp\/\.mount_[^/]+)\//;

/** The file's path; null when the program is in no such mount. Only what root's mount table says counts. */
export function appImageOf(program: string): string | null {
  const folder = mountPoint.exec(program)?.[1];
  if (folder === undefined) return null;
  let table: string;
  try {
    table = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return null;
  }
  for (const line of table.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    if (before.split(' ')[4] !== folder) continue;
    const [type = '', source = ''] = after.split(' ');
    if (type.startsWith('fuse') && source.endsWith('.AppImage')) return source;
  }
  return null;
}
