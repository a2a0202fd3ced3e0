// What the kernel was taught outlives its gate, and the next Postern takes it up; a clean stop and `up --reset` leave nothing.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Status } from '#model/api.ts';
import { failModes } from '#model/mode.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

describe('what is left of a Postern', () => {
  let lab: Lab;
  let postern: Postern;
  const program = (name: string) => join(lab.folder, name);

  before(async () => {
    lab = await Lab.create();
    execFileSync('clang', ['-O1', '-Wall', '-o', program('granted'), join(import.meta.dirname, 'keep.c')]);
    for (const name of ['refused', 'stranger']) copyFileSync(program('granted'), program(name));
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const start = async (fail: (typeof failModes)[number]) => {
    postern = await lab.postern({
      fail,
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

  /** `open`, the errno by which it is refused, or `hangs`. */
  async function connect(name: string, timeoutMs = 30_000): Promise<string> {
    const ran = await lab.run([program(name), 'tcp', world.v4, '80'], { timeoutMs });
    if (ran.code === -1) return 'hangs';
    return ran.stdout.startsWith('ready') ? 'open' : ran.stdout.trim().replace('failed ', '');
  }

  const EPERM = '1';
  const ECONNREFUSED = '111';

  /** The number by which the kernel knows the map that is pinned there. */
  function mapNumber(name: string): number | undefined {
    const pins = join(postern.folder, 'run/bpf');
    if (!existsSync(pins)) return undefined;
    const version = readdirSync(pins).find((entry) => /^v\d/.test(entry)) ?? '';
    const shown = spawnSync('bpftool', ['-j', 'map', 'show', 'pinned', join(pins, version, name)], {
      encoding: 'utf8',
    });
    return shown.status === 0 ? (JSON.parse(shown.stdout) as { id: number }).id : undefined;
  }

  /** All that a Postern has in the kernel. */
  async function remains() {
    const tables = await lab.run(['nft', 'list', 'ruleset']);
    const attached = spawnSync('bpftool', ['-j', 'cgroup', 'show', lab.cgroup], { encoding: 'utf8' }).stdout.trim();
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.split(' ')[4]?.startsWith(postern.folder));
    return { tables: tables.stdout, attached: attached === '[]' ? '' : attached, mounts };
  }
  const nothing = { tables: '', attached: '', mounts: [] };

  for (const fail of failModes) {
    test(`fail mode ${fail}: the kernel goes on with what it knows, and the next Postern takes it up`, async () => {
      // Without eBPF the kernel knows no programs, and crash.test.ts says what holds.
      if ((await start(fail)) === 'none') return;
      assert.equal(await connect('granted'), 'open');
      assert.equal(await connect('refused'), ECONNREFUSED, 'held, and then refused');
      const known = { granted: 'open', refused: EPERM };
      const ask = async () => ({ granted: await connect('granted'), refused: await connect('refused') });
      assert.deepEqual(await ask(), known);
      const before = { flows: mapNumber('flows'), sockets: mapNumber('sockets'), procs: mapNumber('procs') };
      const gate = postern.child('gate');
      postern.kill9('gate');
      assert.deepEqual(await ask(), known, 'while there is no gate, or just another one');
      await postern.until(() => postern.hasAnother('gate', gate), 'another gate');
      assert.deepEqual(await ask(), known);
      await postern.kill9All();
      const stranger = fail === 'open' ? 'open' : 'hangs';
      assert.deepEqual(await ask(), known);
      assert.equal(await connect('stranger', fail === 'open' ? undefined : 2500), stranger);
      await postern.start();
      const taken = { flows: mapNumber('flows'), sockets: mapNumber('sockets'), procs: mapNumber('procs') };
      assert.deepEqual(taken, before, 'the maps are the same');
      assert.equal(await connect('granted'), 'open');
      assert.match(await connect('refused'), /^(1|111)$/);
      assert.equal(await postern.stop(), 0);
      assert.deepEqual(await remains(), nothing);
    });
  }

  test('--reset takes away what was left, and starts or ends', async () => {
    const tier = await start('known');
    assert.equal(await connect('granted'), 'open');
    const before = mapNumber('flows');
    await postern.kill9All();
    assert.notDeepEqual(await remains(), nothing);
    await postern.start({ args: ['--reset'] });
    assert.match(postern.output, /^Nothing of an earlier Postern is in the kernel any more\.$/m);
    if (tier !== 'none') assert.notEqual(mapNumber('flows'), before, 'nothing was taken up');
    assert.equal(await connect('granted'), 'open');
    await postern.kill9All();
    assert.equal(await connect('stranger', 2500), 'hangs');
    const folders = ['config', 'state'].flatMap((name) => [`--${name}-dir`, join(postern.folder, name)]);
    const reset = await postern.cli(['up', '--reset', '--mode', 'off', '--cgroup', lab.cgroup, ...folders]);
    assert.deepEqual([reset.code, reset.stderr], [0, ''], reset.stdout);
    assert.deepEqual(await remains(), nothing);
    assert.equal(await connect('stranger'), 'open');
    const again = await postern.cli(['up', '--reset', '--mode', 'off', '--cgroup', lab.cgroup, ...folders]);
    assert.equal(again.code, 0, 'also where nothing is left');
  });
});
