// Many at once: a steady thousand a second, twenty open questions, and one user who floods while others go on.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { LogLine, PromptView, Status } from '#model/api.ts';
import { failModes } from '#model/mode.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const dialler = join(import.meta.dirname, 'dialler.py');
const url = `http://${world.v4}/`;

describe('load', () => {
  let lab: Lab;
  let postern: Postern;
  let python: string;

  before(async () => {
    lab = await Lab.create();
    for (const name of ['pt-vagrant', 'pt-other']) lab.account(name);
    // A program of its own, so that its rule is for it alone.
    python = join(lab.folder, 'dialler');
    copyFileSync((await lab.run(['readlink', '-f', '/usr/bin/python3'])).stdout.trim(), python);
    chmodSync(python, 0o755);
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const counters = async () => (await postern.json<Status>(['status'])).gate?.counters;

  // What a program had open when it began may be another program's too, and with so much open it may be any socket.
  const beginnings = {
    'that begins with nothing open': [],
    'that begins with a hundred open files': [
      'bash',
      '-c',
      'for n in {1..100}; do exec {fd}</dev/null; done; exec "$@"',
      '-',
    ],
  };
  for (const [begins, by] of Object.entries(beginnings)) {
    test(`a thousand new connections a second for ten seconds by a program ${begins}: none lost, none undecided`, async () => {
      postern = await lab.postern({
        mode: 'lockdown',
        rules: { '10.yaml': `rules: [{ name: dialler, action: allow, app: { script: ${dialler} } }]` },
      });
      const before = await lab.arrived();
      const ran = await lab.run([...by, '/usr/bin/python3', dialler, 'rate', world.v4, '80', '1000', '10'], {
        timeoutMs: 300_000,
      });
      const result = JSON.parse(ran.stdout);
      assert.equal(result.made, 10_000, 'the dialler caught up');
      assert.deepEqual([result.done, result.failed], [10_000, 0], JSON.stringify([result, await counters()]));
      // The server takes the last of them from its backlog after their dialler has ended.
      const arrived = async () => (await lab.arrived()).connections - before.connections;
      await postern.until(async () => (await arrived()) >= 10_000, 'all with the server');
      assert.equal(await arrived(), 10_000);
      const counted = await counters();
      assert.ok(
        counted && counted.packets + counted.flowsAllowed >= 10_000,
        'each was judged, in the gate or in the kernel',
      );
      assert.equal(counted.packets, counted.accepted + counted.rejected + counted.dropped);
      assert.deepEqual([counted.queueFull, counted.queueUserDropped, counted.unattributed], [0, 0, 0]);
      const status = await postern.json<Status>(['status']);
      assert.equal(status.gate?.held, 0);
      const rows = async () =>
        (await postern.json<LogLine[]>(['log', '--app', 'dialler.py', '--limit', '10000'])).length;
      // What a control plane that does not keep up was not told is counted.
      const untold = async () => {
        const { unreported = 0, eventsLost = 0 } = (await counters()) ?? {};
        return unreported + eventsLost;
      };
      await postern.until(async () => (await rows()) + (await untold()) >= 10_000, '10,000 rows in the journal');
      console.log(
        `10,000 in ${result.seconds.toFixed(1)} s: connect p50 ${result.p50.toFixed(2)} ms, p99 ${result.p99.toFixed(2)} ms`,
      );
    });
  }

  test('twenty questions wait, and a program that is allowed connects without delay', async () => {
    postern = await lab.postern({
      mode: 'ask',
      args: ['--hold', '120'],
      rules: { '10.yaml': 'rules: [{ name: curl, action: allow, app: /usr/bin/curl }]' },
    });
    const asker = lab.spawn([python, dialler, 'hang', world.v4, '9000', '20'], { user: 'pt-other' });
    await once(asker.stdout as NodeJS.ReadableStream, 'data');
    await postern.until(async () => (await postern.json<PromptView[]>(['prompts'])).length === 20, '20 questions');
    // A question that was in its way would be in the way of each; what else the machine does is not.
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const { code, stdout } = await lab.run([
        'curl',
        '-s',
        '-o',
        '/dev/null',
        '-m',
        '10',
        '-w',
        '%{time_connect}',
        url,
      ]);
      assert.equal(code, 0);
      times.push(Number(stdout) * 1000);
    }
    assert.ok(Math.min(...times) < 500, `${times} ms`);
    assert.equal((await postern.json<PromptView[]>(['prompts'])).length, 20);
    asker.stdin?.end();
  });

  for (const fail of failModes) {
    test(`one user opens 20,000 unknown flows, and others do not notice (fail mode ${fail})`, async () => {
      postern = await lab.postern({
        mode: 'ask',
        fail,
        args: ['--hold', '120'],
        rules: { '10.yaml': 'rules: [{ name: curl, action: allow, app: /usr/bin/curl }]' },
      });
      // A question of another user, open before the flood begins.
      const asker = lab.spawn([python, dialler, 'hang', world.v4, '443', '1'], { user: 'pt-other' });
      await once(asker.stdout as NodeJS.ReadableStream, 'data');
      const open = async () =>
        (await postern.json<PromptView[]>(['prompts'])).filter(({ user }) => user === 'pt-other').map(({ id }) => id);
      await postern.until(async () => (await open()).length === 1, 'the other question');
      const [question] = await open();
      const flood = lab.run([python, dialler, 'flood', world.v4, '20000', '60'], {
        user: 'pt-vagrant',
        timeoutMs: 120_000,
      });
      const codes: number[] = [];
      for (let count = 0; count < 10; count++) codes.push((await lab.curl(url, { user: 'pt-other' })).code);
      const { sent, refused } = JSON.parse((await flood).stdout);
      assert.equal(sent + refused, 20_000);
      assert.deepEqual(codes, Array(10).fill(0), 'allowed flows of others pass');
      assert.ok((await open()).includes(question as string), 'the question of another user is still open');
      const counted = await counters();
      assert.ok(counted !== undefined);
      assert.deepEqual([counted.queueFull, counted.queueUserDropped], [0, 0], JSON.stringify(counted));
      assert.ok(counted.quotaUser + counted.quotaApp + counted.rateLimited > 0, 'what was refused is counted');
      const answered = await postern.cli(['answer', question as string, 'allow'], { user: 'pt-other' });
      assert.equal(answered.code, 0, answered.stderr);
      asker.stdin?.end();
    });
  }
});
