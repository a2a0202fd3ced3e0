// The same ways out, under `postern run`: what arrives in the world and was not allowed is out, whatever the program says.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bin, Lab, type Postern, type RunOptions } from './lab.ts';
import { type Way, waysOut } from './waysout/ways.ts';
import { allowed, summary, type Tried, WaysOut } from './waysout/waysout.ts';

const user = 'postern-waysout';
/** Without eBPF nothing of ours stands in another network namespace, which root may enter. */
const notWithoutPrograms = ['escapes.setns'];

describe('ways out of a command that is confined', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let ways: WaysOut;
  let decides: boolean;
  const all: Tried[] = [];

  before(async () => {
    lab = await Lab.create();
    lab.account(user);
    lab.group('postern', user);
    postern = await lab.postern({ mode: 'allow' });
    decides = await postern.decidesInKernel();
    ways = await WaysOut.start(lab, { user, postern: { bin, runtime: `${postern.folder}/run` } });
  });
  after(async () => {
    console.log(JSON.stringify(summary(all)));
    await postern?.stop();
    await lab?.close();
  });

  for (const way of waysOut) {
    test(`${way.name}: ${way.brief}${way.uncovered === undefined ? '' : ' (not covered)'}`, async () => {
      const gate = await postern.json<{ gate: { pid: number } | null }>(['status']);
      const tried = await ways.attempt(
        way,
        (command) =>
          postern.cli(['run', '--allow', allowed.name, '--quiet', '--', ...command], {
            timeoutMs: 180_000,
            ...(way.by === 'root' ? {} : { user }),
          }),
        [gate.gate?.pid ?? postern.child('gate')],
      );
      all.push(tried);
      const uncovered =
        way.uncovered ??
        (!decides && notWithoutPrograms.includes(way.name)
          ? 'without eBPF only one network namespace is guarded'
          : undefined);
      if (uncovered === undefined) assert.equal(tried.out, 0, JSON.stringify(tried));
      else console.log(`${way.name}: ${tried.out} packets out, ${uncovered}`);
    });
  }

  test('not in vain: what is allowed is reached by the same means, and most ways were tried', async () => {
    const { held, skipped } = summary(all);
    assert.ok(held > 40, JSON.stringify({ held, skipped }));
    const fetch = ['run', '--allow', allowed.name, '--quiet', '--', 'curl', '-s', '-o', '/dev/null', '-m', '20'];
    await postern.until(
      async () => (await postern.cli([...fetch, `http://${allowed.name}/`], { user })).code === 0,
      'that what is allowed is reached',
    );
  });
});

describe('ways out of a command that is confined strictly', { concurrency: false }, () => {
  const managers = ['/run/docker.sock', '/run/systemd/private', '/run/dbus/system_bus_socket'];
  let lab: Lab;
  let postern: Postern;
  let ways: WaysOut;
  let decides: boolean;
  const all: Tried[] = [];

  before(async () => {
    lab = await Lab.create();
    await lab.ownRun();
    lab.account(user);
    lab.group('postern', user);
    postern = await lab.postern({ mode: 'allow' });
    decides = await postern.decidesInKernel();
    ways = await WaysOut.start(lab, { user, managers: [...managers, '/run/containerd/containerd.sock'] });
  });
  after(async () => {
    console.log(JSON.stringify(summary(all)));
    await postern?.stop();
    await lab?.close();
  });

  const attempt = (way: Way, flags: readonly string[], by: RunOptions) =>
    ways.attempt(way, (command) =>
      postern.cli(['run', '--quiet', ...flags, '--', ...command], { timeoutMs: 60_000, ...by }),
    );

  for (const way of waysOut.filter(({ strict }) => strict)) {
    for (const by of [{ user }, {}]) {
      test(`${way.name}: ${way.brief}, by ${by.user ?? 'root'}`, async () => {
        const without = await attempt(way, [], by);
        if (without.told.skipped !== undefined) {
          console.log(JSON.stringify(without));
          return;
        }
        assert.ok(without.out > 0, `not in vain: ${JSON.stringify(without)}`);
        // Without eBPF it is begun only where there is no network, in which others have abstract sockets.
        const tried = await attempt(way, decides ? ['--strict'] : ['--strict', '--no-network'], by);
        all.push(tried);
        assert.ok(tried.told.tried > 0, JSON.stringify(tried));
        assert.equal(tried.out, 0, JSON.stringify(tried));
      });
    }
  }
});
