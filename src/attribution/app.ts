// App: what a person recognises a process by: a container, a Flatpak, a Snap, an AppImage, a script, or else its executable.
import type { Process } from '#model/process.ts';

export const appKinds = [
  'kernel',
  'container',
  'flatpak',
  'snap',
  'appimage',
  'script',
  'path',
  'image',
  'unknown',
] as const;

export interface App {
  readonly kind: (typeof appKinds)[number];
  /** Together with the kind, what two processes of the same app share. */
  readonly id: string;
  /** A short name to show; it comes from outside, so escape it. */
  readonly title: string;
}

const lastPart = (path: string) => path.slice(path.lastIndexOf('/') + 1) || path;

export function appOf(process: Process | undefined): App {
  if (process === undefined) return { kind: 'unknown', id: '', title: 'unknown program' };
  if (process.kernel === true) return { kind: 'kernel', id: '', title: 'the kernel' };
  for (const kind of ['flatpak', 'snap', 'appimage'] as const) {
    const id = process[kind];
    if (typeof id === 'string') return { kind, id, title: lastPart(id) };
  }
  const program = typeof process.script === 'string' ? process.script : (process.exe ?? process.image?.path);
  if (typeof process.container === 'string') {
    const id = `${process.container} ${program ?? ''}`;
    return {
      kind: 'container',
      id,
      title: `${lastPart(program ?? 'a program')} in container ${process.container.slice(0, 12)}`,
    };
  }
  if (typeof process.script === 'string')
    return { kind: 'script', id: process.script, title: lastPart(process.script) };
  if (typeof process.exe === 'string') return { kind: 'path', id: process.exe, title: lastPart(process.exe) };
  if (process.image !== undefined) {
    const { device, inode, generation, ctime } = process.image.identity;
    const id = [device, inode, generation, ctime, process.image.path].join(':');
    return { kind: 'image', id, title: lastPart(process.image.path) };
  }
  return { kind: 'unknown', id: '', title: 'unknown program' };
}

/**
 * Equal for two processes of the same app, and only for those. A script under another interpreter is another app: what
 * script a program says it runs is worth no more than the program.
 */
export function appKey(process: Process | undefined): string {
  const { kind, id } = appOf(process);
  return kind === 'script' ? `${kind} ${id} ${process?.exe ?? process?.image?.identity.inode}` : `${kind} ${id}`;
}
