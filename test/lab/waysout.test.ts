// The ways out of a run, without any firewall: each must reach the servers of the world here, or else that a firewall held it
// would mean nothing. And where there is no network at all, nothing may seem to have arrived.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Lab } from './lab.ts';
import { waysOut } from './waysout/ways.ts';
import { summary, type Tried, WaysOut } from './waysout/waysout.ts';

const user = 'postern-waysout';

describe('ways out, with nothing in the way', () => {
  let lab: Lab;
  let ways: WaysOut;
  const all: Tried[] = [];

  before(async () => {
    lab = await Lab.create();
    lab.account(user);
    ways = await WaysOut.start(lab, { user });
  });
  after(async () => {
    console.log(JSON.stringify(summary(all)));
    await lab.close();
  });

  for (const way of waysOut) {
    test(`${way.name}: ${way.brief}${way.uncovered === undefined ? '' : ' (not covered)'}`, async () => {
      // Stands for the gate, and must be dead after the way that kills it.
      const gate = lab.spawn(['sleep', '100']);
      const tried = await ways.attempt(
        way,
        (command) => lab.run(command, { timeoutMs: 180_000, ...(way.by === 'root' ? {} : { user }) }),
        [gate.pid ?? 0],
      );
      all.push(tried);
      if (way.name === 'births.killed_gate') assert.equal(gate.signalCode, 'SIGKILL');
      else gate.kill('SIGKILL');
      const said = JSON.stringify(tried);
      if (tried.told.skipped !== undefined) {
        assert.ok(way.optional, said);
        assert.equal(tried.out, 0, said);
        console.log(said);
        return;
      }
      assert.ok(tried.told.tried > 0, said);
      assert.equal(tried.told.sent, tried.told.tried, said);
      assert.ok(tried.out > 0, said);
    });
  }

  test('a fork bomb is one of 500, and all of them arrive', () => {
    const bomb = all.find(({ way }) => way === 'births.bomb');
    assert.equal(bomb?.told.tried, 500);
    assert.equal(bomb?.arrived.answered, 500);
  });

  test('what has no network gets nothing out, and that is seen', async () => {
    const cut: Tried[] = [];
    for (const way of waysOut.filter(({ name }) => /^(flows|births)\./.test(name))) {
      if (way.name === 'births.killed_gate') continue;
      const tried = await ways.attempt(way, (command) =>
        lab.run(['unshare', '--net', ...command], { timeoutMs: 180_000 }),
      );
      assert.equal(tried.told.got, 0, JSON.stringify(tried));
      cut.push(tried);
    }
    const { out, escaped, held } = summary(cut);
    assert.equal(out, 0);
    assert.deepEqual(escaped, []);
    assert.ok(held > 20, `${held} ways were tried`);
  });
});
