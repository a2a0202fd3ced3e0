// What block lists cost: bytes of the flat file, time to build and to read it, and nanoseconds a look-up. DESIGN section 8 has the budgets.
import { ListBuilder } from '../src/lists/build.ts';
import { parseLists } from '../src/lists/flat.ts';

const words = ['ads', 'track', 'cdn', 'metrics', 'pixel', 'static', 'api', 'img', 'stats', 'beacon'];
const domains = ['com', 'net', 'org', 'io', 'co.uk', 'de', 'info'];

/** Names as lists have them: 22 letters on average. */
function nameOf(index: number): string {
  const word = words[index % words.length];
  const other = Math.imul(index, 2654435761) >>> 0;
  return `${word}${index % 7 === 0 ? `.${words[other % 10]}` : ''}.${other.toString(36)}${index % 3 === 0 ? 'shop' : ''}.${domains[other % 7]}`;
}

for (const count of [1_000_000, 5_000_000]) {
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  const text = new TextEncoder().encode(`${names.map((name) => `0.0.0.0 ${name}`).join('\n')}\n`);
  const average = names.reduce((sum, name) => sum + name.length, 0) / count;
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  const begun = performance.now();
  const builder = new ListBuilder([12345, 54321]);
  const report = builder.add('bench', text);
  const read = performance.now();
  const bytes = builder.finish();
  const built = performance.now();
  // What the builder has and what it made, before anything of it is freed.
  const held = process.memoryUsage().arrayBuffers - before;
  const parsed = parseLists(bytes);
  const loaded = performance.now();
  if (!parsed.ok || report.names !== count) throw new Error('the list was not read');
  const time = (asked: readonly string[], expected: boolean) => {
    let right = 0;
    const start = process.hrtime.bigint();
    for (const name of asked) if (parsed.value.has(0, name) === expected) right += 1;
    const nanoseconds = Number(process.hrtime.bigint() - start) / asked.length;
    if (right !== asked.length) throw new Error(`${asked.length - right} wrong answers`);
    return nanoseconds.toFixed(0);
  };
  const some = Array.from({ length: 200_000 }, (_, index) => names[(index * 7919) % count] as string);
  const none = some.map((name) => `www.${name.replace('.', 'x.')}.test`);
  // The names themselves are put together when they are first looked at.
  time(some, true);
  time(none, false);
  console.log(
    `${count} names of ${average.toFixed(1)} letters: ${(bytes.length / 1e6).toFixed(1)} MB, made with ${(held / bytes.length).toFixed(1)} times that; read in ${((read - begun) / 1000).toFixed(2)} s, built in ` +
      `${((built - read) / 1000).toFixed(2)} s, opened in ${(loaded - built).toFixed(0)} ms; found in ${time(some, true)} ns, missed in ${time(none, false)} ns`,
  );
}
