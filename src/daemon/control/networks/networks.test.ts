// What the control plane makes of the networks: asked once, named, told of, taken back.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Connected, NetworkView } from '#model/net/network.ts';
import type { RuleText } from '#model/rule.ts';
import { fail, ok } from '#std/result.ts';
import { networkFileName } from '#store/machine/networkfile.ts';
import { SeenNetworks } from '#store/machine/seennetworks.ts';
import { RuleStore } from '#store/rulestore.ts';
import { KnownNetworks } from './networks.ts';

const at = (gateway: string, ssid?: string): Connected => ({
  ...{ interface: 'wlan0', gateway: '192.168.1.1', ssid: ssid ?? null },
  sign: { gateway, ...(ssid !== undefined && { ssid }) },
});
const home = at('02:00:00:00:00:11', 'Attic');
const cafe = at('02:00:00:00:00:22', 'Café');

describe('known networks', () => {
  let folder: string;
  let store: RuleStore;
  let rules: { rule: RuleText; origin: string }[];
  let events: string[];
  let notices: string[];
  let changes: number;
  let now: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-networks-'));
    [rules, events, notices, changes, now] = [[], [], [], 0, 1_000_000];
    const files = { [networkFileName]: join(folder, networkFileName) };
    store = new RuleStore({ rulesDir: folder, stateDir: folder, files, bootId: 'boot', now: () => now });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** As after a start. */
  const begin = () => {
    const networks: KnownNetworks = new KnownNetworks({
      file: join(folder, networkFileName),
      seen: new SeenNetworks(join(folder, 'networks.json'), (text) => notices.push(text)),
      now: () => now,
      rules: () => rules,
      edit: async (uid, what, change) => {
        const edited = store.edit(uid, what, change);
        if (!edited.ok) return fail({ code: 'conflict', message: edited.error.message });
        networks.look();
        const version = { id: edited.value.id, time: now, user: 'alice', what };
        return ok({ rules: [], version, file: '', pending: null });
      },
      onWhere: async () => {
        changes += 1;
      },
      record: (type, data) => events.push(`${type} ${JSON.stringify(data)}`),
      notice: (_, text) => notices.push(text),
    });
    return networks;
  };
  const viewOf = async (done: ReturnType<KnownNetworks['change']>): Promise<NetworkView> => {
    const result = await done;
    assert.ok(result.ok, JSON.stringify(result));
    return result.value;
  };

  test('a new network is called by its wireless name, asked about once, and unknown until then', async () => {
    const networks = begin();
    networks.connected(home, []);
    networks.connected(home, []);
    assert.deepEqual(networks.where(), { network: 'Attic' });
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /new network, "Attic"/);
    assert.equal((await networks.list()).networks[0]?.question, true);
    const view = await viewOf(networks.change(1000, 'Attic', { profile: 'home' }));
    assert.deepEqual([view.profile, view.question, view.current], ['home', false, true]);
    assert.deepEqual(networks.where(), { network: 'Attic', profile: 'home' });
    networks.connected(cafe, []);
    networks.connected(home, []);
    assert.equal(notices.length, 2, 'the café alone is asked about beside it');
    assert.equal(events.length, 4, events.join('\n'));
    assert.equal(changes, 4);
  });

  test('the same address, and the same name with another gateway, are other networks', () => {
    const networks = begin();
    networks.connected(home, []);
    networks.connected(at('02:00:00:00:00:99', 'Attic'), []);
    assert.deepEqual(networks.where(), { network: 'Attic 2' });
    networks.connected(at('02:00:00:00:00:11'), []);
    assert.deepEqual(networks.where(), { network: 'Network at 192.168.1.1' });
    networks.connected({ ...home, sign: null }, []);
    assert.deepEqual(networks.where(), {}, 'what cannot be recognised is nowhere');
  });

  test('what was said and what was seen is known after a start, and nothing is asked again', async () => {
    const before = begin();
    before.connected(home, []);
    await before.change(1000, 'Attic', { name: 'Home', profile: 'home' });
    before.connected(cafe, []);
    await before.change(1000, 'Café', { later: true });
    notices.length = 0;
    events.length = 0;
    now += 1000;
    const networks = begin();
    networks.connected(cafe, []);
    assert.deepEqual(events, [], 'it is where it was');
    networks.connected(home, []);
    networks.connected(cafe, []);
    assert.equal(events.length, 2);
    assert.deepEqual(notices, []);
    assert.deepEqual(
      (await networks.list()).networks.map(({ name, profile, current, firstSeen }) => [
        name,
        profile,
        current,
        firstSeen,
      ]),
      [
        ['Café', null, true, 1_000_000],
        ['Home', 'home', false, 1_000_000],
      ],
    );
  });

  test('rules by its name follow a new name, but not those of a file', async () => {
    const networks = begin();
    networks.connected(home, []);
    const rule: RuleText = { name: 'printer', action: 'allow', 'known-network': ['Attic', 'Office'] };
    store.edit(0, 'rule', (draft) => {
      draft.local.add(rule);
      networks.here()?.keep(draft);
      return ok(undefined);
    });
    rules = [{ rule, origin: 'local' }];
    networks.look();
    assert.deepEqual((await networks.list()).networks[0]?.rules, ['printer']);
    assert.equal((await viewOf(networks.change(1000, 'Attic', { name: 'Home' }))).name, 'Home');
    assert.match(readFileSync(join(folder, '50-local.yaml'), 'utf8'), /- Home\n +- Office/);
    rules = [{ rule: { ...rule, 'known-network': 'Home' }, origin: 'file' }];
    const refused = await networks.change(1000, 'Home', { name: 'Flat' });
    assert.equal(!refused.ok && refused.error.code, 'conflict');
    networks.connected(cafe, []);
    const taken = await networks.change(1000, 'Café', { name: 'Home' });
    assert.equal(!taken.ok && taken.error.code, 'conflict');
    const missing = await networks.forget(1000, 'Moon');
    assert.equal(!missing.ok && missing.error.code, 'not-found');
  });

  test('what is forgotten is new, and undo brings it back', async () => {
    const networks = begin();
    networks.connected(home, []);
    await networks.change(1000, 'Attic', { name: 'Home', profile: 'home' });
    assert.equal((await networks.forget(1000, 'Home')).ok, true);
    assert.deepEqual(networks.where(), { network: 'Attic' });
    assert.equal((await networks.list()).networks[0]?.question, true);
    store.undo(1000);
    networks.look();
    assert.deepEqual(networks.where(), { network: 'Home', profile: 'home' });
    assert.equal((await networks.list()).networks.length, 1);
  });

  test('a file that is broken changes nothing, and is told of once', async () => {
    const networks = begin();
    networks.connected(home, []);
    await networks.change(1000, 'Attic', { profile: 'home' });
    notices.length = 0;
    writeFileSync(join(folder, networkFileName), 'networks: [');
    networks.look();
    networks.look();
    assert.equal(notices.length, 1);
    assert.deepEqual(networks.where(), { network: 'Attic', profile: 'home' });
  });
});
