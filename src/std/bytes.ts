// Amounts of bytes in words.
const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `0 B`, `999 B`, `12.4 kB`, `3 MB`: in thousands, with a decimal where it says something. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.95 kB would be written as 1000 kB.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${byteUnits[unit]}`;
}
