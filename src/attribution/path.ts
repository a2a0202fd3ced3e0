// Paths as text: made absolute without asking a file system.

/** `path` seen from `cwd`, without `.`, `..` and doubled slashes; null when it is relative and `cwd` is not known. */
export function absolutePath(path: string, cwd: string | undefined): string | null {
  if (path.includes('\0')) return null;
  if (!path.startsWith('/') && cwd === undefined) return null;
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
