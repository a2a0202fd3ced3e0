// What libbpf and the verifier wrote, shortened to the words that tell why an object does not load.

const reasons: readonly (readonly [RegExp, string])[] = [
  [/failed to find valid kernel BTF|kernel BTF is missing/, 'the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)'],
  [/couldn't reuse pinned map .* parameter mismatch/, 'a pinned map of another Postern stands in the way'],
  [/unknown func |program of this type cannot use helper/, 'the kernel lacks a function that the programs call'],
];

/** Lines of the verifier's log that only repeat instructions, registers and sources. */
const noise =
  /^(\d+: |; |processed \d+ insns|-- (BEGIN|END) |R\d+=|from \d+ to |libbpf: (failed to load object|prog '[^']*': -- ))/;

/** One clause, without a full stop. `error` is the kernel's name for the failure. */
export function explainLog(lines: readonly string[], error: string): string {
  if (error === 'EPERM')
    return 'the kernel does not permit it (EPERM): root lacks CAP_BPF and CAP_PERFMON, or BPF is locked down';
  for (const [pattern, reason] of reasons) {
    const line = lines.find((candidate) => pattern.test(candidate));
    if (line !== undefined) return `${reason} (${shorten(line)})`;
  }
  const telling = lines.filter((line) => !noise.test(line)).map(shorten);
  return telling.length === 0 ? error : `${error} (${telling.slice(-3).join('; ')})`;
}

function shorten(line: string): string {
  return line
    .replace(/^libbpf: /, '')
    .trim()
    .slice(0, 200);
}
