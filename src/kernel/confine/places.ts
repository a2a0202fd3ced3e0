// What of the places of Unix sockets is there now: `*` stands for a part of a name, `~` for a home, and what ends with `/` is a folder.
import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';

/** Homes, where no user in particular is meant. */
export const anyHome: readonly string[] = ['/root', '/home/*'];

/** Folders that are looked into below a folder of sockets. */
const depth = 2;

export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // What may not be looked at, cannot be connected to either.
    return undefined;
  }
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function below(folder: string, parts: readonly string[]): readonly string[] {
  const [first, ...rest] = parts;
  if (first === undefined) return [folder];
  if (!first.includes('*')) return below(join(folder, first), rest);
  const [start = '', end = ''] = first.split('*');
  const fitting = entries(folder).filter((name) => name.startsWith(start) && name.endsWith(end));
  return fitting.flatMap((name) => below(join(folder, name), rest));
}

/** Paths that a pattern without `@` means and that exist; folders with `/` behind. */
export function placesOf(pattern: string, homes: readonly string[]): readonly string[] {
  const ending = pattern.endsWith('/') ? '/' : '';
  const all = pattern.startsWith('~') ? homes.map((home) => home + pattern.slice(1)) : [pattern];
  return [...new Set(all)]
    .flatMap((one) =>
      below(
        '/',
        one.split('/').filter((part) => part !== ''),
      ),
    )
    .filter((path) => (ending === '' ? statOf(path) !== undefined : statOf(path)?.isDirectory() === true))
    .map((path) => path + ending);
}

/** The sockets at a place. */
export function socketsAt(place: string, levels = depth): readonly string[] {
  if (!place.endsWith('/')) return statOf(place)?.isSocket() === true ? [place] : [];
  return entries(place).flatMap((name) => {
    const path = place + name;
    const found = statOf(path);
    if (found?.isSocket() === true) return [path];
    return found?.isDirectory() === true && levels > 0 ? socketsAt(`${path}/`, levels - 1) : [];
  });
}
