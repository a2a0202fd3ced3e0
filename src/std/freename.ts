// Names that nobody has yet.

/** `base`, or with ` -2`, ` -3` … behind it where that is taken; `sign` stands before the number. */
export function freeName(base: string, taken: ReadonlySet<string>, sign = ' -'): string {
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base}${sign}${number}`;
  return name;
}
