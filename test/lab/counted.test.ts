// What the kernel decides by itself is counted and recorded exactly; where records are lost, verdicts are not, and that is said.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, RuleView, Status } from '#model/api.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

describe('what is counted', () => {
  let lab: Lab;
  let postern: Postern;
  const program = (name: string) => join(lab.folder, name);

  before(async () => {
    lab = await Lab.create();
    const source = join(import.meta.dirname, '../kernel/flows/dial.c');
    execFileSync('clang', ['-O1', '-Wall', '-o', program('granted'), source]);
    copyFileSync(program('granted'), program('refused'));
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const start = async () => {
    postern = await lab.postern({
      rules: {
        '10.yaml': `
rules:
  - { name: granted, action: allow, app: ${program('granted')} }
  - { name: refused, action: reject, app: ${program('refused')} }
`,
      },
    });
    return (await postern.json<Status>(['status'])).gate?.kernelPath.tier ?? 'none';
  };

  /** How many of its connects were made, and how the others ended. */
  async function dial(name: string, count: number, pause = 0): Promise<Record<string, number>> {
    const command = [program(name), world.v4, '80', String(count), String(pause)];
    const ran = await lab.run(command, { timeoutMs: 240_000 });
    const ends: Record<string, number> = {};
    for (const line of ran.stdout.trim().split('\n')) {
      const errno = line.split(' ')[2] ?? '';
      ends[errno] = (ends[errno] ?? 0) + 1;
    }
    return ends;
  }

  const hits = async (name: string) =>
    (await postern.json<RuleView[]>(['rules'])).find((rule) => rule.name === name)?.hits;

  test('100 connects of a known app are 100 rows and 100 hits', async () => {
    await start();
    assert.deepEqual(await dial('granted', 100, 1000), { 0: 100 });
    const rows = async () =>
      (await postern.json<LogLine[]>(['log', '--limit', '1000'])).filter(({ rule }) => rule === 'granted');
    await postern.until(
      async () => (await rows()).length >= 100 && ((await hits('granted')) ?? 0) >= 100,
      '100 rows and hits',
    );
    await sleep(700);
    assert.deepEqual([(await rows()).length, await hits('granted')], [100, 100]);
    const ports = new Set((await rows()).map(({ attempt }) => attempt.flow.local?.port));
    assert.equal(ports.size, 100, 'each of a connection of its own');
    assert.ok((await rows()).every(({ attempt }) => attempt.process?.exe === program('granted')));
    const refused = await dial('refused', 100, 1000);
    assert.equal((refused[1] ?? 0) + (refused[111] ?? 0), 100);
    await postern.until(async () => ((await hits('refused')) ?? 0) >= 100, '100 hits');
    await sleep(700);
    assert.equal(await hits('refused'), 100);
  });

  test('with no room for events, verdicts stay what they are and what was lost is counted', async (context) => {
    const tier = await start();
    // Without eBPF no verdict is the kernel's alone, and a gate that stands still lets the queue wait.
    if (tier === 'none') {
      assert.equal((await postern.json<Status>(['status'])).gate?.counters.eventsLost, 0);
      return;
    }
    assert.deepEqual(await dial('granted', 1), { 0: 1 });
    assert.deepEqual(await dial('refused', 1), { 111: 1 });
    const gate = postern.child('gate');
    process.kill(gate, 'SIGSTOP');
    try {
      assert.deepEqual(await dial('refused', 60_000), { 1: 60_000 });
      assert.deepEqual(await dial('granted', 2000), { 0: 2000 });
    } finally {
      process.kill(gate, 'SIGCONT');
    }
    await postern.until(
      async () => ((await hits('granted')) ?? 0) >= 2001 && ((await hits('refused')) ?? 0) >= 60_001,
      'the hits, which the kernel counts itself',
    );
    assert.deepEqual([await hits('refused'), await hits('granted')], [60_001, 2001]);
    const lost = (await postern.json<Status>(['status'])).gate?.counters.eventsLost ?? 0;
    context.diagnostic(`${lost} events were lost`);
    assert.ok(lost > 10_000, `${lost} lost events are counted`);
    assert.equal(postern.child('gate'), gate, 'and the gate is the same');
    assert.deepEqual(await dial('granted', 10), { 0: 10 });
  });
});
