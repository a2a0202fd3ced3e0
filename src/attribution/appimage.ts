// Which AppImage a program belongs to: the one that is mounted where the program lies, and that started the program.

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/**
 * Path of the .AppImage file. `source` is what its mount is called, which any user chooses freely for a mount of their own (null: no such
 * mount); so it counts only with an ancestor that is a file of that name. Undefined when none is known.
 */
export function appImagePath(
  source: string | null | undefined,
  ancestors: readonly string[],
): string | null | undefined {
  if (source === null || source === undefined) return source;
  return ancestors.find((program) => nameOf(program) === nameOf(source));
}
