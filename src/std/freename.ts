// Names that nobody has yet.

/** `base`, or with ` -2`, ` -3` … behind it where that is taken. */
export function freeName(base: string, taken: ReadonlySet<string>): string {
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base} -${number}`;
  return name;
}
