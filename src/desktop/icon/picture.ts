// The status icon's picture, drawn: a gate in a wall, raised, half down or down, and a dot where somebody waits.
import type { Gate } from './view.ts';

/** Of StatusNotifierItem: each pixel four bytes, alpha, red, green, blue. */
export type Pixmap = [width: number, height: number, pixels: Buffer];

type Colour = readonly [red: number, green: number, blue: number];

const stone: Readonly<Record<Gate, Colour>> = {
  away: [122, 126, 133],
  open: [70, 96, 120],
  asking: [38, 104, 163],
  closed: [156, 44, 44],
};
const iron: Colour = [250, 250, 250];
const dark: Colour = [24, 28, 34];
const lamp: Colour = [255, 184, 28];

/** How far the portcullis is let down, from 0 to 1; nobody knows of a gate that is away. */
const lowered: Readonly<Record<Gate, number>> = { away: 0, open: 0.24, asking: 0.6, closed: 1 };

/** In a square from 0 to 1: the colour there, undefined where one sees through. */
function colourAt(x: number, y: number, gate: Gate, attention: boolean): Colour | undefined {
  const away = Math.hypot(x - 0.8, y - 0.2);
  if (attention && away < 0.2) return lamp;
  if (attention && away < 0.26) return dark;
  // The wall: a square with round corners.
  const corner = 0.16;
  const [dx, dy] = [Math.max(0, Math.abs(x - 0.5) - (0.47 - corner)), Math.max(0, Math.abs(y - 0.5) - (0.47 - corner))];
  if (Math.hypot(dx, dy) > corner) return undefined;
  // The arch: a half circle on a rectangle, down to the ground.
  const inside = (grown: number) =>
    y < 0.92 && (y >= 0.48 ? Math.abs(x - 0.5) < 0.27 + grown : Math.hypot(x - 0.5, y - 0.48) < 0.27 + grown);
  if (!inside(0.06)) return stone[gate];
  if (!inside(0)) return iron;
  const down = 0.21 + lowered[gate] * 0.71;
  if (gate === 'away' || y > down) return dark;
  const bar = Math.abs(((x - 0.5) / 0.18) % 1);
  const upright = bar < 0.18 || bar > 0.82;
  const across = Math.abs(((y - 0.21) / 0.18) % 1) < 0.3;
  return upright || across ? iron : dark;
}

/** Of `size` pixels each way. */
export function drawIcon(size: number, gate: Gate, attention: boolean): Pixmap {
  const fine = 4;
  const pixels = Buffer.alloc(size * size * 4);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const sum = [0, 0, 0];
      let seen = 0;
      for (let part = 0; part < fine * fine; part += 1) {
        const x = (column + ((part % fine) + 0.5) / fine) / size;
        const y = (row + (Math.floor(part / fine) + 0.5) / fine) / size;
        const colour = colourAt(x, y, gate, attention);
        if (colour === undefined) continue;
        seen += 1;
        colour.forEach((value, at) => {
          sum[at] = (sum[at] ?? 0) + value;
        });
      }
      const mean = (at: number) => (seen === 0 ? 0 : Math.round((sum[at] ?? 0) / seen));
      const alpha = Math.round((seen / (fine * fine)) * 255);
      pixels.set([alpha, mean(0), mean(1), mean(2)], (row * size + column) * 4);
    }
  }
  return [size, size, pixels];
}

/** In the sizes that panels have. */
export const drawSizes = (gate: Gate, attention: boolean): Pixmap[] =>
  [22, 32, 48].map((size) => drawIcon(size, gate, attention));
