// Which .AppImage file a program was started from: what the kernel says is mounted there, not what the program says.
import { readLines } from './folder.ts';

/** An AppImage mounts itself at /tmp/.mount_NAME with its own file as the source of the mount. */
const mountPoint = /^(\/tmp\/\.mount_[^/]+)\//;

/**
 * The file's path; null when the program is in no such mount. The source of a FUSE mount is a name that the user chose who
 * mounted it, as any user may: it tells programs of the same user apart, and is worth as much as that user.
 * `folder` is the process's in /proc, since the mount stands in its mount namespace.
 */
export function appImageOf(program: string, folder: string): string | null {
  const mounted = mountPoint.exec(program)?.[1];
  if (mounted === undefined) return null;
  for (const line of readLines(`${folder}/mountinfo`)) {
    const [before = '', after = ''] = line.split(' - ');
    if (before.split(' ')[4] !== mounted) continue;
    const [type = '', source = ''] = after.split(' ');
    if (type.startsWith('fuse') && source.endsWith('.AppImage')) return source;
  }
  return null;
}
