// What block lists cost: bytes of the flat file, processor time to build and to read it, and nanoseconds a look-up. DESIGN section 8 has the budgets.
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

const encoder = new TextEncoder();

/** Of this thread, so that others who use the machine do not count. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A hosts file as bytes: millions of strings that stay alive would measure the garbage collector. */
function hostsFile(count: number): { readonly text: Uint8Array; readonly average: number } {
  const bytes = new Uint8Array(count * 64);
  let at = 0;
  for (let index = 0; index < count; index++) {
    at += encoder.encodeInto(`0.0.0.0 ${nameOf(index)}\n`, bytes.subarray(at, at + 64)).written;
  }
  return { text: bytes.slice(0, at), average: at / count - 9 };
}

for (const count of [1_000_000, 5_000_000]) {
  const { text, average } = hostsFile(count);
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  const begun = processorMs();
  const builder = new ListBuilder([12345, 54321]);
  const report = builder.add('bench', text);
  const read = processorMs();
  const bytes = builder.finish();
  const built = processorMs();
  // What the builder has and what it made, before anything of it is freed.
  const held = process.memoryUsage().arrayBuffers - before;
  const parsed = parseLists(bytes);
  const loaded = processorMs();
  if (!parsed.ok || report.names !== count) throw new Error('the list was not read');
  const time = (asked: readonly string[], expected: boolean) => {
    let right = 0;
    const start = processorMs();
    for (const name of asked) if (parsed.value.has(0, name) === expected) right += 1;
    const nanoseconds = ((processorMs() - start) * 1e6) / asked.length;
    if (right !== asked.length) throw new Error(`${asked.length - right} wrong answers`);
    return nanoseconds.toFixed(0);
  };
  // Made from bytes, as names come from packets, and not put together from others.
  const fresh = (name: string) => Buffer.from(name).toString('latin1');
  const some = Array.from({ length: 200_000 }, (_, index) => fresh(nameOf((index * 7919) % count)));
  const none = some.map((name) => fresh(`www.${name.replace('.', 'x.')}.test`));
  time(some, true);
  time(none, false);
  console.log(
    `${count} names of ${average.toFixed(1)} letters: ${(bytes.length / 1e6).toFixed(1)} MB, made with ${(held / bytes.length).toFixed(1)} times that; read in ${((read - begun) / 1000).toFixed(2)} s, built in ` +
      `${((built - read) / 1000).toFixed(2)} s, opened in ${(loaded - built).toFixed(0)} ms; found in ${time(some, true)} ns, missed in ${time(none, false)} ns`,
  );
}
