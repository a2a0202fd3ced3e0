// A real panel of a desktop, xfce4-panel, which shows status icons; and where on the screen a colour is.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Desktop } from './desktop.ts';

export class Panel {
  readonly #desktop: Desktop;
  #child: ChildProcess | undefined;
  said = '';

  constructor(desktop: Desktop) {
    this.#desktop = desktop;
  }

  async start(): Promise<void> {
    const child = this.#desktop.spawn(['env', 'XFCE_PANEL_MIGRATE_DEFAULT=1', 'xfce4-panel', '--disable-wm-check']);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
    this.#child = child;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/**
 * The first pixel of this colour in the upper left part of a screen that Xvfb keeps in a file of xwd's format: a head of
 * 32-bit numbers (the first its length, then others, XWDFile.h), colours of 12 bytes, and the rows of pixels.
 */
export function findColour(
  path: string,
  [red, green, blue]: readonly [number, number, number],
  { width, height }: { readonly width: number; readonly height: number },
): { readonly x: number; readonly y: number } | undefined {
  const file = readFileSync(path);
  const [headBytes, bytesOfRow, colours] = [file.readUInt32BE(0), file.readUInt32BE(48), file.readUInt32BE(76)];
  const begin = headBytes + colours * 12;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      // Blue, green, red and nothing, as little-endian machines have it.
      const at = begin + y * bytesOfRow + x * 4;
      if (file[at] === blue && file[at + 1] === green && file[at + 2] === red) return { x, y };
    }
  }
  return undefined;
}
