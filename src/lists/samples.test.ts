// Lists as they are found in the world, each in the manner of its makers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '#model/net/address.ts';
import { ListBuilder } from './build.ts';
import { type ListSet, parseLists } from './flat.ts';
import type { ListReport } from './read.ts';

interface Sample {
  readonly format: string;
  readonly has?: readonly string[];
  readonly hasNot?: readonly string[];
  /** Numbers of lines. */
  readonly skipped?: readonly number[];
}

function read(lines: readonly string[], end = '\n'): { lists: ListSet; report: ListReport } {
  const builder = new ListBuilder([7, 8]);
  const report = builder.add('sample', new TextEncoder().encode(lines.join(end)));
  const lists = parseLists(builder.finish());
  assert.ok(lists.ok);
  return { lists: lists.value, report };
}

function has(lists: ListSet, text: string): boolean {
  const address = parseAddress(text);
  return address === undefined ? lists.has(0, text) : lists.hasAddress(0, address);
}

function check(lines: readonly string[], { format, has: yes = [], hasNot = [], skipped = [] }: Sample): void {
  for (const end of ['\n', '\r\n']) {
    const { lists, report } = read(lines, end);
    assert.equal(report.format, format);
    assert.deepEqual(
      report.examples.map(({ line }) => line),
      skipped,
      JSON.stringify(report.examples),
    );
    assert.equal(report.skipped, skipped.length);
    for (const text of yes) assert.ok(has(lists, text), `it has ${text}`);
    for (const text of hasNot) assert.ok(!has(lists, text), `it has not ${text}`);
  }
}

test('a hosts file with its own names, banners and comments', () => {
  const lines = [
    '\ufeff# Title: hosts with extensions',
    '##############################',
    '##      Start of hosts      ##',
    '127.0.0.1 localhost localhost.localdomain',
    '255.255.255.255 broadcasthost',
    '::1 ip6-localhost ip6-loopback',
    'fe80::1%lo0 localhost',
    'ff02::2 ip6-allrouters',
    '0.0.0.0 0.0.0.0',
    '0.0.0.0 Ads.Tracker.example',
    '0.0.0.0\tpixel.example ## since 2019',
    ':: both.example second.example. # why',
    '0.0.0.0 bücher.example',
    '0.0.0.0 -wrong-.example',
  ];
  check(lines, {
    format: 'hosts',
    has: ['ads.tracker.example', 'pixel.example', 'both.example', 'second.example', 'xn--bcher-kva.example'],
    hasNot: ['localhost', 'localhost.localdomain', 'tracker.example', 'www.pixel.example', '0.0.0.0'],
    skipped: [7, 14],
  });
});

test('wildcards, below a name and with it', () => {
  const lines = ['# Title: small', '*.below.example', '.whole.example', '*.a.b.example', '*.*.example'];
  check(lines, {
    format: 'wildcards',
    has: ['x.below.example', 'whole.example', 'x.whole.example', 'c.a.b.example'],
    hasNot: ['below.example', 'awhole.example', 'a.b.example'],
    skipped: [5],
  });
});

test('AdBlock rules: those for whole names, with exceptions, and no others', () => {
  const lines = [
    '[Adblock Plus 2.0]',
    '! Expires: 1 day',
    '||ads.example^',
    '||sure.example^$important',
    '@@||good.ads.example^',
    '@@||page.ads.example^$document',
    '||third.example^$third-party',
    '||192.0.2.5^',
    'example.com##.banner',
    '###top-ad',
    '/banner/*/img^',
    '||half.example/path',
  ];
  const { lists, report } = read(lines);
  assert.equal(report.format, 'adblock');
  for (const text of ['ads.example', 'page.ads.example', 'sure.example', '192.0.2.5'])
    assert.ok(has(lists, text), text);
  for (const text of ['good.ads.example', 'x.good.ads.example', 'third.example', 'half.example', 'example.com']) {
    assert.ok(!has(lists, text), text);
  }
  assert.equal(report.skipped, 6);
  assert.deepEqual(
    report.examples.map(({ line, why }) => `${line} ${why}`),
    [
      '6 limited by options (document)',
      '7 limited by options (third-party)',
      '9 a rule about parts of pages',
      '10 a rule about parts of pages',
      '11 a regular expression or pattern',
    ],
  );
});

test('dnsmasq: what is refused, what is excepted, and what is only asked elsewhere', () => {
  const lines = [
    '# dnsmasq',
    'address=/one.example/0.0.0.0',
    'address=/null.example/#',
    'local=/two.example/three.example/',
    'server=/four.example/ # comment',
    'server=/good.four.example/#',
    'server=/office.example/192.0.2.53',
  ];
  check(lines, {
    format: 'dnsmasq',
    has: ['x.one.example', 'null.example', 'two.example', 'x.three.example', 'four.example'],
    hasNot: ['good.four.example', 'x.good.four.example', 'office.example'],
    skipped: [7],
  });
});

test('networks with their comments, and ranges', () => {
  const lines = [
    '; Spamhaus DROP List',
    '1.10.16.0/20 ; SBL256894',
    '# netset',
    '198.51.100.0/24',
    '203.0.113.5 - 203.0.113.9',
    '192.0.2.1-192.0.2.3 # why',
    '2001:db8:5::1/48',
    '2001:db8::1-2001:db8::5',
    '10.0.0.300',
    '10.0.0.0/33',
  ];
  check(lines, {
    format: 'addresses',
    has: ['1.10.31.255', '198.51.100.77', '203.0.113.7', '192.0.2.3', '2001:db8:5:ffff::1', '2001:db8::3'],
    hasNot: ['1.10.32.0', '203.0.113.10', '192.0.2.4', '2001:db8:6::', '2001:db8::6', '10.0.0.1'],
    skipped: [9, 10],
  });
});

test('patterns that say no more than a name; the rest is kept out', () => {
  const lines = [
    '# domains_regexp',
    '(^|\\.)ads\\.example$',
    '^(.+\\.)?track\\.example$',
    '^exact\\.example$',
    '\\.below\\.example$',
    '^ad([sxv]?[0-9]*|system)[_.-]([^.[:space:]]+\\.){1,}',
    '(^|\\.)stats?\\.example$',
    '(^|\\.)dots.example$',
  ];
  check(lines, {
    format: 'patterns',
    has: ['ads.example', 'x.ads.example', 'track.example', 'x.track.example', 'exact.example', 'x.below.example'],
    hasNot: ['xads.example', 'x.exact.example', 'below.example', 'stats.example', 'stat.example', 'dots.example'],
    skipped: [6, 7, 8],
  });
});

test('what is no list has no entry', () => {
  const { report } = read(['<!DOCTYPE html>', '<html><body>Not Found', '</body></html>']);
  assert.deepEqual([report.format, report.names, report.addresses, report.skipped], [undefined, 0, 0, 3]);
});

test('a mixed list is named for most of it, and each line is read', () => {
  check(['0.0.0.0 a.example', 'b.example', '0.0.0.0 c.example', '||d.example^', '192.0.2.1'], {
    format: 'hosts',
    has: ['a.example', 'b.example', 'c.example', 'x.d.example', '192.0.2.1'],
  });
});

test('what is switched off does not count, names and ranges alike', () => {
  const builder = new ListBuilder([7, 8]);
  const text = new TextEncoder().encode('0.0.0.0 a.example\n||b.example^\n192.0.2.0/24 ; why\n198.51.100.1\n');
  builder.add('sample', text, new Set(['b.example', '192.0.2.0/24']));
  const lists = parseLists(builder.finish());
  assert.ok(lists.ok);
  assert.deepEqual(
    ['a.example', 'b.example', '192.0.2.1', '198.51.100.1'].map((one) => has(lists.value, one)),
    [true, false, false, true],
  );
});
