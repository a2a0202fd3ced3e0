// The name memory: whom a name counts for, until when, and what leaves when there is no room.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NameSource } from '#model/attempt.ts';
import { type Address, formatAddress, ipv4, ipv6 } from '#model/net/address.ts';
import type { NameChange, NameEvidence } from '#model/net/name.ts';
import { graceMs, type Lesson, maxTtl, minTtl, NameBook, type NameLimits, nameLimits } from './namebook.ts';

const address = ipv4(0xc0000201);
const other = ipv4(0xc0000202);

function lesson(name: string, more: Partial<Lesson> = {}): Lesson {
  const asker = 'asker' in more ? more.asker : 'firefox';
  return {
    name,
    address,
    from: 'dns',
    server: '192.0.2.53:53',
    ownServer: false,
    canonical: undefined,
    ttl: 300,
    ...more,
    asker,
  };
}

const names = (found: readonly NameEvidence[]) => found.map(({ name }) => name);
const texts = (changes: readonly NameChange[]) =>
  changes.map(({ kind, name, asker = 'all' }) => `${kind} ${name} ${asker}`);

test('a name counts for who asked, and nobody else', () => {
  const book = new NameBook();
  assert.deepEqual(texts(book.learn(lesson('example.com'), 0)), ['gained example.com firefox']);
  assert.deepEqual(names(book.namesOf(address, ['firefox'], 1)), ['example.com']);
  assert.deepEqual(book.namesOf(address, ['curl'], 1), []);
  assert.deepEqual(book.namesOf(address, [], 1), []);
  assert.deepEqual(book.namesOf(other, ['firefox'], 1), []);
});

test('poisoning: an answer from a process’s own server for a name that another process’s rule allows', () => {
  const book = new NameBook();
  book.learn(lesson('bank.example', { asker: 'malware', ownServer: true, server: '203.0.113.66:53' }), 0);
  assert.deepEqual(book.namesOf(address, ['firefox'], 1), []);
  const [own] = book.namesOf(address, ['malware'], 1);
  assert.equal(own?.ownServer, true);
});

test('poisoning: what nobody is known to have asked of a server that nobody configured', () => {
  const book = new NameBook();
  assert.deepEqual(book.learn(lesson('bank.example', { asker: undefined, ownServer: true }), 0), []);
  assert.deepEqual(book.namesOf(address, ['firefox'], 1), []);
  assert.equal(book.counts.unbound, 1);
});

test('what a system resolver asked counts for all', () => {
  const book = new NameBook();
  book.learn(lesson('example.com', { asker: undefined }), 0);
  assert.deepEqual(names(book.namesOf(address, ['curl'], 1)), ['example.com']);
  assert.deepEqual(names(book.namesOf(address, [], 1)), ['example.com']);
});

test('newest first over all askers, and an asker named twice counts once', () => {
  const book = new NameBook();
  book.learn(lesson('a.example', { asker: undefined }), 0);
  book.learn(lesson('b.example', { asker: 'parent' }), 1);
  book.learn(lesson('c.example'), 2);
  book.learn(lesson('a.example', { asker: undefined }), 3);
  assert.deepEqual(names(book.namesOf(address, ['firefox', 'parent', 'firefox'], 4)), [
    'a.example',
    'c.example',
    'b.example',
  ]);
});

test('it ends exactly with its TTL and the grace', () => {
  const book = new NameBook();
  book.learn(lesson('example.com', { ttl: 30 }), 1000);
  const end = 1000 + 30_000 + graceMs;
  assert.equal(book.nextExpiry(), end);
  assert.deepEqual(book.expire(end - 1), []);
  assert.deepEqual(names(book.namesOf(address, ['firefox'], end - 1)), ['example.com']);
  assert.deepEqual(book.namesOf(address, ['firefox'], end), []);
  assert.deepEqual(texts(book.expire(end)), ['lost example.com firefox']);
  assert.equal(book.size, 0);
  assert.equal(book.nextExpiry(), undefined);
});

test('a TTL of zero gets a few seconds, and one of years a day', () => {
  const book = new NameBook();
  book.learn(lesson('zero.example', { ttl: 0 }), 0);
  assert.equal(book.nextExpiry(), minTtl * 1000 + graceMs);
  const years = new NameBook();
  years.learn(lesson('years.example', { ttl: 2 ** 31 - 1 }), 0);
  assert.equal(years.nextExpiry(), maxTtl * 1000 + graceMs);
});

test('a renewal is no change, extends, and never shortens', () => {
  const book = new NameBook();
  book.learn(lesson('example.com', { ttl: 300 }), 0);
  assert.deepEqual(book.learn(lesson('example.com', { ttl: 10, server: '192.0.2.54:53' }), 5), []);
  const [evidence] = book.namesOf(address, ['firefox'], 6);
  assert.deepEqual([evidence?.since, evidence?.until, evidence?.server], [0, 300_000 + graceMs, '192.0.2.54:53']);
  assert.deepEqual(book.learn(lesson('example.com', { ttl: 300 }), 10), []);
  assert.equal(book.nextExpiry(), 10 + 300_000 + graceMs);
});

test('each source, and a server of one’s own, is an evidence by itself', () => {
  const book = new NameBook();
  const sources: NameSource[] = ['dns', 'sni', 'quic'];
  for (const from of sources) assert.equal(book.learn(lesson('example.com', { from }), 0).length, 1);
  book.learn(lesson('example.com', { ownServer: true, ttl: 600 }), 0);
  assert.equal(book.namesOf(address, ['firefox'], 1).length, 4);
  // What the configured resolver said is not made longer by what another says.
  assert.equal(book.expire(300_000 + graceMs).length, 3);
  assert.deepEqual(
    book.namesOf(address, ['firefox'], 400_000).map(({ ownServer }) => ownServer),
    [true],
  );
});

test('what is over is not renewed: it is lost and gained', () => {
  const book = new NameBook();
  book.learn(lesson('example.com', { ttl: 5 }), 0);
  assert.deepEqual(texts(book.learn(lesson('example.com'), 65_000)), [
    'lost example.com firefox',
    'gained example.com firefox',
  ]);
});

test('a v4-mapped address is the IPv4 address, and IPv6 addresses that differ in one word differ', () => {
  const book = new NameBook();
  book.learn(lesson('mapped.example', { address: ipv6(0, 0, 0xffff, 0xc0000201) }), 0);
  assert.deepEqual(names(book.namesOf(address, ['firefox'], 1)), ['mapped.example']);
  const six: [number, number, number, number] = [0x20010db8, 0xffffffff, 0x10000, 0x1];
  book.learn(lesson('six.example', { address: ipv6(...six) }), 0);
  assert.deepEqual(names(book.namesOf(ipv6(...six), ['firefox'], 1)), ['six.example']);
  for (let word = 0; word < 4; word++) {
    const words = six.with(word, (six[word] as number) ^ 1) as typeof six;
    assert.deepEqual(book.namesOf(ipv6(...words), ['firefox'], 1), []);
  }
});

test('a name that is too long to show is not learned', () => {
  const book = new NameBook();
  assert.deepEqual(book.learn(lesson('\\000'.repeat(64)), 0), []);
  assert.equal(book.counts.tooLong, 1);
});

test('a flood of 100,000 random names by one process evicts only its own', () => {
  const book = new NameBook();
  for (let at = 0; at < 3000; at++) {
    book.learn(lesson(`g${at}.example`, { asker: undefined, address: ipv4(at), ttl: maxTtl }), 0);
    book.learn(lesson(`f${at}.example`, { address: ipv4(at), ttl: maxTtl }), 0);
  }
  let lost = 0;
  for (let at = 0; at < 100_000; at++) {
    const changes = book.learn(lesson(`r${at}.example`, { asker: 'flood', address: ipv4(at % 5000), ttl: maxTtl }), 1);
    for (const { kind, asker } of changes) {
      if (kind === 'lost') {
        assert.equal(asker, 'flood');
        lost += 1;
      }
    }
  }
  assert.equal(lost, 100_000 - nameLimits.perAsker);
  assert.equal(book.counts.evicted, lost);
  assert.equal(book.size, 6000 + nameLimits.perAsker);
  for (let at = 0; at < 3000; at++) {
    assert.ok(names(book.namesOf(ipv4(at), ['firefox'], 2)).includes(`f${at}.example`));
  }
});

test('when all is full, who has most gives room, and what is everybody’s stays', () => {
  const book = new NameBook({ total: 10, perAsker: 6, global: 5, perAddress: 64 });
  for (let at = 0; at < 5; at++) book.learn(lesson(`g${at}`, { asker: undefined }), at);
  for (let at = 0; at < 3; at++) book.learn(lesson(`a${at}`, { asker: 'a' }), 10 + at);
  for (let at = 0; at < 2; at++) book.learn(lesson(`b${at}`, { asker: 'b' }), 20 + at);
  assert.deepEqual(texts(book.learn(lesson('c0', { asker: 'c' }), 30)), ['gained c0 c', 'lost a0 a'].reverse());
  assert.deepEqual(texts(book.learn(lesson('g9', { asker: undefined }), 31)), ['lost g0 all', 'gained g9 all']);
});

test('many names of one address are bounded for each asker', () => {
  const book = new NameBook();
  for (let at = 0; at < 100; at++) book.learn(lesson(`n${at}.example`), at);
  const found = names(book.namesOf(address, ['firefox'], 101));
  assert.equal(found.length, nameLimits.perAddress);
  assert.equal(found[0], 'n99.example');
});

test('the list of names can be narrowed', () => {
  const book = new NameBook();
  book.learn(lesson('a.example', { asker: undefined, ttl: 5 }), 0);
  book.learn(lesson('b.example'), 1);
  book.learn(lesson('a.example', { address: other, from: 'sni' }), 2);
  assert.equal(book.list({}, 3).length, 3);
  assert.deepEqual(names(book.list({ address }, 3)), ['b.example', 'a.example']);
  assert.deepEqual(
    book.list({ name: 'a.example' }, 3).map((found) => formatAddress(found.address)),
    ['192.0.2.1', '192.0.2.2'],
  );
  assert.deepEqual(names(book.list({ from: 'sni' }, 3)), ['a.example']);
  assert.deepEqual(names(book.list({ asker: 'firefox', limit: 1 }, 3)), ['b.example']);
  assert.equal(book.list({}, 70_000).length, 2);
  assert.deepEqual(book.list({ address: ipv4(1) }, 3), []);
});

/** The same in plain words: a list, filtered by time and asker. */
class PlainBook {
  readonly limits: NameLimits;
  evicted = 0;
  /** Least recently taught first. */
  all: NameEvidence[] = [];
  /** When each asker came to have as many as it has. */
  readonly reached = new Map<string | undefined, number>();
  ticks = 0;

  constructor(limits: NameLimits) {
    this.limits = limits;
  }

  counted(asker: string | undefined): void {
    this.ticks += 1;
    this.reached.set(asker, this.ticks);
  }

  lose(evidence: NameEvidence | undefined): NameEvidence[] {
    if (evidence === undefined) return [];
    this.all = this.all.filter((one) => one !== evidence);
    this.counted(evidence.asker);
    return [evidence];
  }

  expire(now: number): NameEvidence[] {
    const over = this.all.filter(({ until }) => until <= now).sort((a, b) => a.until - b.until);
    return over.flatMap((evidence) => this.lose(evidence));
  }

  learn({ ttl, ...facts }: Lesson, now: number): { lost: NameEvidence[]; gained: NameEvidence[] } {
    const lost = this.expire(now);
    if (facts.asker === undefined && facts.ownServer) return { lost, gained: [] };
    const until = now + Math.min(Math.max(ttl, minTtl), maxTtl) * 1000 + graceMs;
    const known = this.all.find(
      (one) =>
        formatAddress(one.address) === formatAddress(facts.address) &&
        one.asker === facts.asker &&
        one.name === facts.name &&
        one.from === facts.from &&
        one.ownServer === facts.ownServer,
    );
    if (known !== undefined) {
      this.all = this.all.filter((one) => one !== known);
      this.all.push({ ...facts, since: known.since, until: Math.max(until, known.until) });
      return { lost, gained: [] };
    }
    const evict = (evidence: NameEvidence | undefined) => {
      this.evicted += 1;
      lost.push(...this.lose(evidence));
    };
    const of = (asker: string | undefined) => this.all.filter((one) => one.asker === asker);
    const here = of(facts.asker).filter((one) => formatAddress(one.address) === formatAddress(facts.address));
    if (here.length >= this.limits.perAddress) evict(here[0]);
    const most = facts.asker === undefined ? this.limits.global : this.limits.perAsker;
    if (of(facts.asker).length >= most) evict(of(facts.asker)[0]);
    else if (this.all.length >= this.limits.total) {
      const askers = [...new Set(this.all.map(({ asker }) => asker))].filter((asker) => asker !== undefined);
      askers.sort((a, b) => of(b).length - of(a).length || (this.reached.get(a) ?? 0) - (this.reached.get(b) ?? 0));
      evict(of(askers[0])[0]);
    }
    const evidence = { ...facts, since: now, until };
    this.all.push(evidence);
    this.counted(facts.asker);
    return { lost, gained: [evidence] };
  }

  namesOf(address: Address, askers: readonly string[], now: number): NameEvidence[] {
    return this.all
      .filter(
        (one) =>
          one.until > now &&
          formatAddress(one.address) === formatAddress(address) &&
          (one.asker === undefined || askers.includes(one.asker)),
      )
      .reverse();
  }
}

const changeText = (kind: string, { address, asker, name, from }: Omit<NameChange, 'kind'>) =>
  `${kind} ${formatAddress(address)} ${asker} ${name} ${from}`;

const addresses = [address, other, ipv6(0x20010db8, 0, 0, 1)];
const askers = ['a', 'b', 'c', undefined];
const lessons: fc.Arbitrary<Lesson> = fc.record({
  name: fc.constantFrom('a.example', 'b.example', 'c.example', 'd.example', 'e.example'),
  address: fc.constantFrom(...addresses),
  from: fc.constantFrom<NameSource[]>('dns', 'dns', 'sni'),
  asker: fc.constantFrom(...askers),
  server: fc.constantFrom('192.0.2.53:53', undefined),
  ownServer: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
  canonical: fc.constantFrom('x.example', undefined),
  ttl: fc.oneof(fc.nat(100), fc.constantFrom(0, 3600, 2 ** 31 - 1)),
});
type Step = { readonly do: 'learn'; readonly lesson: Lesson } | { readonly do: 'expire' };
const step: fc.Arbitrary<{ readonly step: Step; readonly seconds: number }> = fc.record({
  seconds: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.nat(60) },
    { weight: 1, arbitrary: fc.nat(5000) },
  ),
  step: fc.oneof(
    { weight: 10, arbitrary: lessons.map((lesson): Step => ({ do: 'learn', lesson })) },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'expire' }) },
  ),
});
const limits = fc.record({
  total: fc.integer({ min: 6, max: 20 }),
  perAsker: fc.integer({ min: 1, max: 8 }),
  global: fc.integer({ min: 1, max: 5 }),
  perAddress: fc.integer({ min: 1, max: 6 }),
});

test('the book answers as a plain list does, also when it is full', () => {
  let evictions = 0;
  fc.assert(
    fc.property(limits, fc.array(step, { minLength: 40, maxLength: 120, size: 'max' }), (bounds, steps) => {
      const book = new NameBook(bounds);
      const plain = new PlainBook(bounds);
      let now = 0;
      for (const { step, seconds } of steps) {
        // A millisecond for each step, so that what was taught by two of them never ends at once.
        now += seconds * 1000 + 1;
        const changes = step.do === 'learn' ? book.learn(step.lesson, now) : book.expire(now);
        const { lost, gained } =
          step.do === 'learn' ? plain.learn(step.lesson, now) : { lost: plain.expire(now), gained: [] };
        const expected = [
          ...lost.map((one) => changeText('lost', one)),
          ...gained.map((one) => changeText('gained', one)),
        ];
        assert.deepEqual(changes.map((change) => changeText(change.kind, change)).sort(), expected.sort());
        for (const at of addresses) {
          for (const askers of [[], ['a'], ['b', 'c'], ['c', 'a', 'c']]) {
            for (const when of [now, now + 65_000]) {
              assert.deepEqual(book.namesOf(at, askers, when), plain.namesOf(at, askers, when));
            }
          }
        }
        assert.equal(book.size, plain.all.length);
        assert.equal(book.counts.evicted, plain.evicted);
        const ends = plain.all.map(({ until }) => until);
        assert.equal(book.nextExpiry(), ends.length === 0 ? undefined : Math.min(...ends));
        assert.equal(book.list({}, now).length, plain.all.filter(({ until }) => until > now).length);
      }
      evictions += plain.evicted;
    }),
    { numRuns: 60 },
  );
  assert.ok(evictions > 1000, `only ${evictions} evictions were tried`);
});
