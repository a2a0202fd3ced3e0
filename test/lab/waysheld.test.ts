// The same ways out, under `postern run`: what arrives in the world and was not allowed is out, whatever the program says.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bin, Lab, type Postern } from './lab.ts';
import { waysOut } from './waysout/ways.ts';
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
