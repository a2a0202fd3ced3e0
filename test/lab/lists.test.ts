// Block lists in the whole product: added, used by a rule, changed under way, and what becomes of one that fails.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListHit, ListView } from '#model/net/list.ts';
import { Lab, type Postern } from './lab.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const other = '203.0.113.9';

describe('lists', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let file: string;

  before(async () => {
    lab = await Lab.create();
    const resolver = new Resolver(lab);
    await resolver.start([
      `host-record=ads.example,${site},300`,
      `host-record=x.track.example,${site},300`,
      `host-record=fine.example,${site},300`,
    ]);
    file = join(lab.folder, 'list.txt');
    postern = await lab.postern({
      mode: 'allow',
      rules: { '10.yaml': 'rules:\n  - { name: listed, action: reject, to: "list:mine" }\n' },
    });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const reaches = async (where: string) => (await lab.curl(`http://${where}/`)).code === 0;
  /** Those that were added: others came with Postern. */
  const lists = async () =>
    (await postern.json<ListView[]>(['lists', 'show'])).filter(({ origin }) => origin === 'added');

  test('a list is added, says what it is, and a rule goes by it', async () => {
    assert.equal(await reaches(other), true);
    writeFileSync(file, `# mine\n||ads.example^\n||track.example^\n${other}/32\nnot for us\n`);
    const added = await postern.cli(['lists', 'add', 'mine', file]);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, /2 names, 1 addresses, 1 lines skipped, most of them as adblock/);
    assert.match(added.stdout, /line 5, no line of a hosts file/);
    assert.equal(await reaches(other), false, 'at once');
    const [view] = await lists();
    assert.deepEqual([view?.name, view?.names, view?.addresses, view?.rules], ['mine', 2, 1, ['listed']]);
  });

  test('names in it are refused where names are known, others are not', async () => {
    assert.equal(await reaches('ads.example'), false);
    assert.equal(await reaches('x.track.example'), false);
    assert.equal(await reaches('fine.example'), true);
    await postern.until(async () => ((await lists())[0]?.hits ?? 0) > 0, 'its hits');
  });

  test('an exception to a list is given the priority of its fence', async () => {
    const added = await postern.cli([
      'rule',
      'add',
      'allow',
      '--app',
      '/usr/bin/curl',
      '--to',
      'ads.example',
      '--name',
      'but',
    ]);
    assert.match(added.stdout, /A fence would have overruled it, so the rule has the fence's priority, 10/);
    await postern.until(() => reaches('ads.example'), 'that the exception holds');
    assert.equal(await reaches('x.track.example'), false);
    assert.equal((await postern.cli(['rule', 'rm', 'but'])).code, 0);
    await postern.until(async () => !(await reaches('ads.example')), 'that it is gone');
  });

  test('which list has a name, and on which line', async () => {
    const hits = await postern.json<ListHit[]>(['lists', 'test', 'deep.x.track.example']);
    assert.deepEqual(hits, [{ list: 'mine', entry: 'track.example', line: 3, excepted: false }]);
    const address = await postern.json<ListHit[]>(['lists', 'test', other]);
    assert.deepEqual([address[0]?.list, address[0]?.line], ['mine', 4]);
    assert.equal((await postern.cli(['lists', 'test', 'fine.example'])).code, 1);
  });

  test('an entry is switched off and on', async () => {
    assert.equal((await postern.cli(['lists', 'disable', 'mine', 'ads.example'])).code, 0);
    assert.equal(await reaches('ads.example'), true);
    assert.equal(await reaches('x.track.example'), false);
    assert.equal((await postern.cli(['lists', 'enable', 'mine', 'ads.example'])).code, 0);
    assert.equal(await reaches('ads.example'), false);
  });

  test('a failed update keeps the old list, says so, and no gap opens', async () => {
    writeFileSync(file, 'nothing of use here\n');
    let gaps = 0;
    let going = true;
    const looking = (async () => {
      while (going) {
        if (await reaches(other)) gaps += 1;
        await sleep(5);
      }
    })();
    const failed = await postern.cli(['lists', 'update', 'mine']);
    assert.notEqual(failed.code, 0);
    assert.match(failed.stderr, /no entry that can be used/);
    assert.match((await lists())[0]?.failure ?? '', /no entry that can be used, of 1 lines/);
    writeFileSync(file, `${other}/32\n192.0.2.99\n`);
    assert.equal((await postern.cli(['lists', 'update', 'mine'])).code, 0);
    await sleep(500);
    going = false;
    await looking;
    assert.equal(gaps, 0);
    assert.equal((await lists())[0]?.failure, null);
  });

  test('a list that is switched off or gone matches nothing, and that is said', async () => {
    assert.equal((await postern.cli(['lists', 'disable', 'mine'])).code, 0);
    assert.equal(await reaches(other), true, 'it does not count');
    assert.equal((await postern.cli(['lists', 'enable', 'mine'])).code, 0);
    assert.equal(await reaches(other), false, 'it counts again');
    assert.equal((await postern.cli(['lists', 'rm', 'mine'])).code, 0);
    assert.equal(await reaches(other), true, 'it is gone');
    await postern.until(() => /there is no list "mine", so it matches nothing/.test(postern.output), 'that it is said');
  });

  test('what cannot be a list is refused with a reason', async () => {
    for (const [source, why] of [
      ['http://198.51.100.7/list.txt', /only https/],
      ['/nowhere/list.txt', /ENOENT/],
      ['list.txt', /the whole path/],
    ] as const) {
      const refused = await postern.cli(['lists', 'add', 'bad', source]);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, why);
    }
    assert.deepEqual(await lists(), []);
  });
});
