// Which version of a file stands there, without reading it.
import { statSync } from 'node:fs';
import type { PlaceFile } from '#model/messages.ts';

/** A text that is another one when the file was written anew or replaced; undefined where there is none. */
export function fileVersion(file: string): string | undefined {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}

/** The flat file with its version; null where there is none. */
export function placeFile(file: string): PlaceFile | null {
  const version = fileVersion(file);
  return version === undefined ? null : { file, version };
}
