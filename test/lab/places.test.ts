// Rules by country and network number: by the table that comes with Postern, and by an administrator's file.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ownTable } from '#kernel/places/owntable.ts';
import type { LogLine } from '#model/api.ts';
import type { Explanation } from '#model/decision.ts';
import { formatMmdb } from '#store/geo/mmdb.testing.ts';
import { Lab, type Postern } from './lab.ts';

/** Of the world; the table knows it as Google's in the United States. */
const google = '8.8.8.8';

describe('places', {
  concurrency: false,
  skip: !existsSync(ownTable) && 'script/setup could not fetch the country table',
}, () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    postern = await lab.postern({
      mode: 'allow',
      rules: { '10.yaml': 'rules:\n  - { name: abroad, action: reject, to: "country:US" }\n' },
    });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const reaches = async (address: string) => (await lab.curl(`http://${address}/`)).code === 0;
  const rule = (text: string) => writeFileSync(join(postern.rulesDir, '10.yaml'), `rules:\n  - ${text}\n`);
  const holds = async (name: string) =>
    postern.until(async () => {
      const rules = await postern.json<{ name: string }[]>(['rules']);
      return rules.some((one) => one.name === name);
    }, `the rule ${name}`);

  test('a country is refused, and what is nowhere is not', async () => {
    assert.equal(await reaches(google), false);
    assert.equal(await reaches('198.51.100.7'), true);
    const said = await postern.cli(['explain', '--to', `${google}:443`, '--json']);
    assert.deepEqual([said.code, (JSON.parse(said.stdout) as Explanation).rule], [1, 'abroad']);
  });

  test('the log and status say where, and from where that is known', async () => {
    const said = async () => (await postern.cli(['log', '--limit', '20'])).stdout;
    await postern.until(
      async () => / 8\.8\.8\.8:80\/tcp \[US AS15169\] refused by rule "abroad"/.test(await said()),
      'a line',
    );
    const lines = await postern.json<LogLine[]>(['log', '--limit', '50']);
    const of = (address: string) => lines.find(({ attempt }) => attempt.flow.remote.address === address);
    assert.deepEqual([of(google)?.country, of(google)?.as], ['US', 15169]);
    assert.deepEqual([of('198.51.100.7')?.country, of('198.51.100.7')?.as], [undefined, undefined]);
    assert.match((await postern.cli(['status'])).stdout, /^Countries +IPFire .* of 20\d\d-\d\d-\d\d /m);
  });

  test('and so is a network number', async () => {
    rule('{ name: network, action: reject, to: "as:15169" }');
    await holds('network');
    assert.equal(await reaches(google), false);
    rule('{ name: another, action: reject, to: "as:13335" }');
    await holds('another');
    assert.equal(await reaches(google), true);
  });

  test("an administrator's file comes before our table, and ours comes back when it goes", async () => {
    const folder = join(postern.folder, 'config/geo');
    mkdirSync(folder, { recursive: true });
    rule('{ name: moved, action: reject, to: "country:DE" }');
    await holds('moved');
    assert.equal(await reaches(google), true);
    const file = join(folder, 'mine.mmdb');
    const bits = google
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
    const networks = [{ bits, family: 4, record: { country: { iso_code: 'DE' } } }] as const;
    writeFileSync(file, formatMmdb(networks, { recordSize: 24, ipVersion: 4, type: 'Mine-Country' }));
    await postern.until(async () => !(await reaches(google)), 'that the file counts');
    rmSync(file);
    await postern.until(() => reaches(google), 'that our table counts again');
  });
});
