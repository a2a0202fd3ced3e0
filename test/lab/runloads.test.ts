// Package managers, git and curl under `postern run`: each works with the destinations that it needs, and not with one less.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Lab, type Postern } from './lab.ts';
import { Loads } from './loads/loads.ts';

const names = ['npm install', 'npm ci', 'pip install', 'git clone https://', 'git clone http://', 'git clone git://'];

describe('loads of a command that is confined', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let loads: Loads;
  const user = 'postern-loads';

  before(async () => {
    lab = await Lab.create();
    lab.account(user);
    lab.group('postern', user);
    loads = await Loads.start(lab);
    postern = await lab.postern({ mode: 'lockdown' });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  for (const name of [...names, 'curl https://', 'curl http://']) {
    test(name, async () => {
      const load = loads.all.find((one) => one.name === name);
      assert.ok(load !== undefined);
      const perform = (allow: readonly string[]) =>
        loads.perform(load, (command) => {
          const flags = allow.flatMap((text) => ['--allow', text]);
          return postern.cli(['run', ...flags, '--', ...command], { user, timeoutMs: 240_000 });
        });
      const ran = await perform(load.allow);
      assert.equal(ran.error, undefined);
      for (const left of load.allow) {
        const without = await perform(load.allow.filter((one) => one !== left));
        assert.notEqual(without.error, undefined, `without ${left}`);
      }
    });
  }
});
