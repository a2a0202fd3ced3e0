// What one look-up of a country or network takes in build/geo.bin, in nanoseconds: `node bench/geo.ts`. At most 300 is wanted, since a
// rule about a country asks for it with every new flow.
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Address, ipv4, ipv6 } from '#model/net/address.ts';
import { loadGeo } from '#store/geo/convert.ts';

const rounds = 15;
const addressesPerRound = 100_000;

const began = performance.now();
const loaded = loadGeo(join(import.meta.dirname, '../build/geo.bin'));
if (!loaded.ok) {
  console.log(`${loaded.error} script/setup makes it.`);
  process.exit(1);
}
const table = loaded.value;
console.log(`read and checked in ${(performance.now() - began).toFixed(0)} ms`);

// Spread over all there is, so that hardly one finds the memory of the one before in the processor's cache.
let state = 1;
const word = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state ^ (state >>> 15)) >>> 0;
};
const addresses: Readonly<Record<string, readonly Address[]>> = {
  IPv4: Array.from({ length: addressesPerRound }, () => ipv4(word())),
  IPv6: Array.from({ length: addressesPerRound }, () => ipv6(0x20000000 | (word() >>> 3), word(), word(), word())),
};

/** The median of the rounds. */
function nanoseconds(asked: readonly Address[], look: (address: Address) => unknown): number {
  let found = 0;
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (const address of asked) if (look(address) !== undefined) found += 1;
    return ((performance.now() - start) * 1e6) / asked.length;
  });
  if (found === 0) throw new Error('nothing was found at all');
  return times.sort((a, b) => a - b)[rounds >> 1] as number;
}

for (const [family, asked] of Object.entries(addresses)) {
  // The addresses themselves are a hundred thousand objects spread over memory, which no flow's is.
  const reading = nanoseconds(asked, ({ family: kind, w0, w1, w2, w3 }) => kind + w0 + w1 + w2 + w3);
  const country = nanoseconds(asked, table.country) - reading;
  const network = table.networkSource === undefined ? 0 : nanoseconds(asked, table.network) - reading;
  console.log(`${family}: country ${country.toFixed(0)} ns, network ${network.toFixed(0)} ns`);
}
