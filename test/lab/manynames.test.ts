// A million names in a list, exchanged while a thousand connections a second are decided: none fails, and none that is refused passes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ListView } from '#model/net/list.ts';
import { kernelPath, Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const dialler = join(import.meta.dirname, 'dialler.py');
const million = 1_000_000;
const refused = '203.0.113.9';

/** Connections a second for ten seconds: without eBPF each passes the queue. */
const rate = kernelPath === 'none' ? 200 : 1000;

describe('a million names', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let file: string;

  const writeList = (first: number) => {
    const lines = Array.from({ length: million }, (_, index) => `0.0.0.0 ads-${first + index}.track.example`);
    writeFileSync(file, `${lines.join('\n')}\n${refused}\n`);
  };

  before(async () => {
    lab = await Lab.create();
    file = join(lab.folder, 'million.txt');
    writeList(0);
    postern = await lab.postern({
      mode: 'allow',
      rules: { '10.yaml': 'rules:\n  - { name: listed, action: reject, to: "list:million" }\n' },
    });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  test(`all of ${rate * 10} connections at ${rate} a second while the list is exchanged`, {
    timeout: 480_000,
  }, async () => {
    const added = await postern.cli(['lists', 'add', 'million', file], { timeoutMs: 240_000 });
    assert.equal(added.code, 0, added.stderr);
    const reaches = async () => (await lab.curl(`http://${refused}/`)).code === 0;
    await postern.until(async () => !(await reaches()), 'that the list counts');
    const load = lab.spawn(['/usr/bin/python3', dialler, 'rate', world.v4, '80', String(rate), '10']);
    let said = '';
    load.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = once(load, 'close');
    let passed = 0;
    let going = true;
    const looking = (async () => {
      while (going) if (await reaches()) passed += 1;
    })();
    writeList(7);
    const updated = await postern.cli(['lists', 'update', 'million'], { timeoutMs: 240_000 });
    assert.equal(updated.code, 0, updated.stderr);
    await ended;
    going = false;
    await looking;
    const { done, failed } = JSON.parse(said) as { done: number; failed: number };
    assert.deepEqual([done, failed, passed], [rate * 10, 0, 0]);
    const [view] = await postern.json<ListView[]>(['lists', 'show']);
    assert.deepEqual([view?.names, view?.addresses, view?.format], [million, 1, 'hosts']);
    const [hit] = await postern.json<{ line: number }[]>(['lists', 'test', `ads-${million + 6}.track.example`]);
    assert.equal(hit?.line, million);
  });
});
