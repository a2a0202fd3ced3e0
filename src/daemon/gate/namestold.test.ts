// What systemd-resolved tells counts for all, is told on when it is new, and is kept for the next gate.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, formatAddress, parseAddress } from '#model/net/address.ts';
import type { ResolvedAnswer } from '#wire/varlink/monitor.ts';
import { Names } from './names.ts';

const site = parseAddress('198.51.100.7') as Address;

function answer(name: string, ttl: number): ResolvedAnswer {
  return {
    questions: [{ name, type: 1, class: 1 }],
    aliases: [],
    records: [{ type: 'A', owner: name, ttl, address: site }],
    notTaken: 0,
  };
}

/** Names, a clock that is moved by hand, and the addresses that changed. */
function scene() {
  const changed: string[] = [];
  const clock = { now: 1_000_000 };
  const names = new Names({
    commandOf: () => undefined,
    commandOfPath: () => undefined,
    processOf: () => undefined,
    runOf: () => undefined,
    forebearsOf: () => [],
    forebears: () => [],
    attribute: () => {},
    onChange: (addresses) => changed.push(...addresses.map(formatAddress)),
    now: () => clock.now,
  });
  return { names, changed, clock };
}

test('without a caller, and while its TTL and a minute last', () => {
  const { names, changed, clock } = scene();
  names.resolved(answer('site.example', 30));
  assert.deepEqual(changed, ['198.51.100.7']);
  assert.deepEqual(names.namesOf(site, undefined), [{ name: 'site.example', from: 'resolved', since: 1_000_000 }]);
  names.resolved(answer('site.example', 30));
  assert.deepEqual([changed.length, names.told], [1, 2], 'what is known already changes nothing');
  clock.now += 89_999;
  assert.equal(names.namesOf(site, undefined).length, 1);
  clock.now += 1;
  assert.deepEqual(names.namesOf(site, undefined), []);
});

test('an answer without addresses teaches nothing and is not counted', () => {
  const { names, changed } = scene();
  names.resolved({ ...answer('site.example', 30), records: [], notTaken: 2 });
  assert.deepEqual([names.told, names.notTaken, changed, names.takeKept()], [0, 2, [], undefined]);
});

test('the next gate knows it too', () => {
  const { names } = scene();
  names.resolved(answer('site.example', 30));
  const kept = names.takeKept();
  assert.equal(typeof kept, 'string');
  assert.equal(names.takeKept(), undefined, 'nothing was learned since');
  const next = scene().names;
  next.recall(kept);
  assert.deepEqual(next.namesOf(site, undefined), [{ name: 'site.example', from: 'resolved', since: 1_000_000 }]);
  const [shown] = next.list({ limit: 10 });
  assert.deepEqual([shown?.asker, shown?.server, shown?.ownServer], [null, null, false]);
});
