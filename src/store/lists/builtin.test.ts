// The list of encrypted resolvers as it comes: each line is used, what it has, and what it must never have.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Address, parseAddress } from '#model/net/address.ts';
import { encryptedDnsList } from '#model/net/list.ts';
import { builtinLists, readKnownResolvers } from './builtin.ts';
import { ListKeeper } from './keeper.ts';

test('it knows the well-known resolvers by name and address, and nothing else', () => {
  const known = readKnownResolvers();
  assert.ok(known.ok);
  const { hasName, hasAddress } = known.value;
  const names = ['one.one.one.one', 'mozilla.cloudflare-dns.com', 'dns.google', 'dns.quad9.net', 'abc.dns.nextdns.io'];
  for (const name of [...names, 'doh.opendns.com', 'adblock.dns.mullvad.net', 'freedns.controld.com', 'doh.dns.sb'])
    assert.ok(hasName(name), name);
  for (const name of ['www.google', 'google.com', 'www.cloudflare.com', 'quad9.net', 'mullvad.net', 'opendns.com'])
    assert.ok(!hasName(name), name);
  const has = (text: string) => hasAddress(parseAddress(text) as Address);
  for (const text of ['1.1.1.1', '8.8.4.4', '9.9.9.9', '45.90.28.77', '2606:4700:4700::1111', '2a07:a8c0::ab:cdef'])
    assert.ok(has(text), text);
  for (const text of ['1.1.1.4', '8.8.8.9', '192.0.2.1', '127.0.0.1', '::1']) assert.ok(!has(text), text);
});

test('a list that is not there is an error that says so', () => {
  const known = readKnownResolvers('/nowhere/list.txt');
  assert.match(known.ok ? '' : known.error, /ENOENT/);
});

describe('a built-in list', () => {
  let folder: string;
  let notices: string[];
  let keeper: ListKeeper;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-builtin-'));
    mkdirSync(join(folder, 'lists.d'));
    notices = [];
    keeper = new ListKeeper({
      ...{ builtin: builtinLists, configDir: folder, stateDir: folder, now: () => 1_000_000, onChange: () => {} },
      onNotice: (text) => notices.push(text),
    });
  });
  afterEach(() => {
    keeper.close();
    rmSync(folder, { recursive: true });
  });

  const view = () => keeper.views().find(({ name }) => name === encryptedDnsList) ?? assert.fail('it is not there');
  const file = () => join(folder, 'lists.d/encrypted-dns.yaml');

  test('is there by itself, and each of its lines is used', async () => {
    await keeper.look();
    const { origin, enabled, skipped, names, addresses, failure } = view();
    assert.deepEqual([origin, enabled, skipped, failure], ['builtin', true, 0, null]);
    assert.ok(names > 50 && addresses > 100);
    assert.equal((await keeper.test('dns.google'))[0]?.list, encryptedDnsList);
  });

  test('cannot be added or removed, and both is said', async () => {
    const added = await keeper.add(encryptedDnsList, { source: '/etc/hosts' });
    assert.match(added.ok ? '' : added.error, /comes with Postern; give yours another name/);
    const removed = await keeper.remove(encryptedDnsList);
    assert.match(removed.ok ? '' : removed.error, /cannot be removed; `postern lists disable encrypted-dns`/);
    assert.equal(view().enabled, true);
  });

  test('is switched off and on, as are its entries, also across a start', async () => {
    await keeper.look();
    assert.ok((await keeper.change(encryptedDnsList, { enabled: false })).ok);
    assert.deepEqual([view().enabled, keeper.current()], [false, null]);
    assert.match(readFileSync(file(), 'utf8'), /^source: builtin\nenabled: false$/m);
    await keeper.look();
    assert.equal(view().enabled, false);
    assert.ok((await keeper.change(encryptedDnsList, { enabled: true })).ok);
    assert.ok((await keeper.change(encryptedDnsList, { entry: { text: '1.1.1.1', on: false } })).ok);
    assert.deepEqual(await keeper.test('1.1.1.1'), []);
    assert.equal((await keeper.test('1.0.0.1')).length, 1);
  });

  test('does not come from elsewhere because a file says so', async () => {
    writeFileSync(file(), 'source: /etc/hosts\nenabled: false\n');
    await keeper.look();
    assert.deepEqual([view().enabled, view().source], [true, builtinLists.get(encryptedDnsList)?.source]);
    assert.match(notices.join('\n'), /the list "encrypted-dns" comes with Postern, so this file does not count/);
  });
});
