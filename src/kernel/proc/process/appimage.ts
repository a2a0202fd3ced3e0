// Which AppImage a program lies in: what the kernel says is mounted there, not what the program says.
import { readLines } from './folder.ts';

/** An AppImage mounts itself at /tmp/.mount_NAME with its own file as the source of the mount. */
const mountPoint = /^(\/tmp\/\.mount_[^/]+)\//;

/** Spaces and the like are written `\040` there (proc(5)). */
const withoutEscapes = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/**
 * Name of the .AppImage file, as its mount has it; null when the program is in no such mount. Whoever mounts chooses the name.
 * `folder` is the process's in /proc, since the mount stands in its mount namespace.
 */
export function appImageOf(program: string, folder: string): string | null {
  const mounted = mountPoint.exec(program)?.[1];
  if (mounted === undefined) return null;
  for (const line of readLines(`${folder}/mountinfo`)) {
    const [before = '', after = ''] = line.split(' - ');
    if (before.split(' ')[4] !== mounted) continue;
    const [type = '', source = ''] = after.split(' ');
    const name = withoutEscapes(source);
    if (type.startsWith('fuse') && name.endsWith('.AppImage')) return name;
  }
  return null;
}
