// The loads that `run` is tried with, without a firewall: each works, asks the names that it says and no others.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseDestination } from '#policy/match/destination.ts';
import { Lab } from './lab.ts';
import { Loads } from './loads/loads.ts';

const names = ['npm install', 'npm ci', 'pip install', 'git clone https://', 'git clone http://', 'git clone git://'];

describe('loads', () => {
  let lab: Lab;
  let loads: Loads;
  const user = 'postern-loads';

  before(async () => {
    lab = await Lab.create();
    lab.account(user);
    loads = await Loads.start(lab);
  });
  after(() => lab.close());

  for (const name of [...names, 'curl https://', 'curl http://']) {
    test(name, async () => {
      const load = loads.all.find((one) => one.name === name);
      assert.ok(load !== undefined);
      for (const text of load.allow) assert.ok(parseDestination(text).ok, text);
      const before = await loads.asked();
      const ran = await loads.perform(load, (command) => lab.run(command, { user, timeoutMs: 240_000 }));
      assert.equal(ran.error, undefined);
      const after_ = await loads.asked();
      const asked = Object.keys(after_).filter((host) => (after_[host] ?? 0) > (before[host] ?? 0));
      const needed = name === 'git clone git://' ? [] : load.allow.map((text) => text.split(':')[0]);
      assert.deepEqual(asked.sort(), needed.sort());
      console.log(`${name}: ${(ran.ms / 1000).toFixed(1)} s`);
    });
  }

  test('what brought nothing did not work', async () => {
    const [load] = loads.all;
    assert.ok(load !== undefined);
    const ran = await loads.perform(load, () => lab.run(['true']));
    assert.match(ran.error ?? '', /brought/);
  });

  test('every load is tried here', () => {
    assert.deepEqual(
      loads.all.map(({ name }) => name),
      [...names, 'curl https://', 'curl http://'],
    );
  });
});
