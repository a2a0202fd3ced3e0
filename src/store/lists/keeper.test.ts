// The keeper of lists: what fails changes nothing, and whatever was lost or half done is made good the next time.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseLists } from '#lists/flat.ts';
import type { FetchOptions } from './fetch.ts';
import { ListKeeper } from './keeper.ts';
import { ListServer } from './server.testing.ts';

describe('lists', () => {
  let folder: string;
  let source: string;
  let notices: string[];
  let changes: number;
  /** When what changed is used. */
  let used: Promise<void>;
  let keeper: ListKeeper;
  let now = 1_000_000;

  const open = (fetch: FetchOptions = {}) => {
    keeper = new ListKeeper({
      fetch,
      configDir: folder,
      stateDir: join(folder, 'state'),
      now: () => now++,
      onChange: () => {
        changes += 1;
        return used;
      },
      onNotice: (text) => notices.push(text),
    });
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-lists-'));
    mkdirSync(join(folder, 'state'));
    source = join(folder, 'source.txt');
    notices = [];
    changes = 0;
    used = Promise.resolve();
    open();
  });
  afterEach(() => {
    keeper.close();
    rmSync(folder, { recursive: true });
  });

  const flat = () => join(folder, 'state/lists.bin');
  const content = (name: string) => join(folder, 'state/lists', `${name}.list`);
  const has = (name: string, list = 'mine') => {
    const lists = parseLists(readFileSync(flat()));
    assert.ok(lists.ok);
    const number = lists.value.number(list);
    return number !== undefined && lists.value.has(number, name);
  };
  const add = async (text: string, name = 'mine') => {
    writeFileSync(source, text);
    const added = await keeper.add(name, { source });
    assert.ok(added.ok, added.ok ? '' : added.error);
  };
  const view = () => keeper.views()[0] ?? assert.fail('there is no list');

  test('a list is read, and says what it is', async () => {
    await add('||ads.example^\n||track.example^\nhalf a line\n');
    const { format, names, skipped, examples, failure, updated } = view();
    assert.deepEqual([format, names, skipped, failure], ['adblock', 2, 1, null]);
    assert.deepEqual(examples[0]?.line, 3);
    assert.ok(updated !== null && has('x.ads.example'));
    assert.deepEqual(await keeper.test('x.track.example'), [
      { list: 'mine', entry: 'track.example', line: 2, excepted: false },
    ]);
    assert.deepEqual(readdirSync(join(folder, 'state/lists')).sort(), ['mine.json', 'mine.list']);
  });

  test('a change ends when it is used, and not before', async () => {
    let use = () => {};
    used = new Promise((resolve) => {
      use = resolve;
    });
    let ended = false;
    const adding = add('ads.example\n').then(() => {
      ended = true;
    });
    while (changes === 0) await sleep(5);
    await sleep(20);
    assert.equal(ended, false);
    use();
    await adding;
  });

  test('an update that fails keeps what was there, says why, and nothing half done is left', async () => {
    await add('ads.example\n');
    const before = readFileSync(flat());
    const updated = view().updated;
    const failing = [
      [() => writeFileSync(source, '<html>Not Found</html>\n'), /no entry that can be used, of 1 lines/],
      [() => writeFileSync(source, ''), /no entry that can be used/],
      [() => rmSync(source), /ENOENT/],
    ] as const;
    for (const [spoil, why] of failing) {
      spoil();
      const failed = await keeper.update('mine');
      assert.match(failed.ok ? '' : failed.error, why);
      assert.match(view().failure ?? '', why);
      assert.match(notices.at(-1) ?? '', /The list "mine" could not be updated, and what was there stays/);
      assert.ok(has('ads.example') && readFileSync(flat()).equals(before));
      assert.equal(view().updated, updated);
    }
    writeFileSync(source, 'other.example\n');
    assert.ok((await keeper.update('mine')).ok);
    assert.equal(view().failure, null);
    assert.deepEqual([has('ads.example'), has('other.example')], [false, true]);
    assert.deepEqual(readdirSync(join(folder, 'state')).sort(), ['lists', 'lists.bin', 'lists.bin.of']);
    assert.deepEqual(readdirSync(join(folder, 'state/lists')).sort(), ['mine.json', 'mine.list']);
  });

  test('a list that is not one is not kept', async () => {
    writeFileSync(source, '<html>\n');
    assert.equal((await keeper.add('mine', { source })).ok, false);
    assert.deepEqual([keeper.views(), readdirSync(join(folder, 'state/lists'))], [[], []]);
  });

  test('nothing is built anew while nothing changed', async () => {
    await add('ads.example\n');
    assert.equal(changes, 1);
    await keeper.look();
    await keeper.update(undefined);
    assert.equal(changes, 1);
    keeper.close();
    open();
    await keeper.look();
    assert.equal(changes, 1);
  });

  test('content that came before a crash is built in, though nothing was noted of it', async () => {
    await add('ads.example\n');
    writeFileSync(source, 'late.example\n');
    // A line feed comes behind each file of a source.
    writeFileSync(content('mine'), 'late.example\n\n');
    keeper.close();
    open();
    await keeper.look();
    assert.deepEqual([has('ads.example'), has('late.example')], [false, true]);
  });

  test('what was lost is fetched again, and the others stay meanwhile', async () => {
    await add('ads.example\n');
    await add('two.example\n', 'two');
    rmSync(content('mine'));
    rmSync(source);
    await keeper.look();
    assert.deepEqual([has('ads.example'), has('two.example', 'two')], [false, true]);
    writeFileSync(source, 'ads.example\n');
    await keeper.look();
    assert.deepEqual([has('ads.example'), has('two.example', 'two')], [true, false]);
  });

  test('a server’s word that nothing changed is not taken for content that was lost', async () => {
    const server = await ListServer.start(folder);
    let asked: (string | undefined)[] = [];
    server.answer = (request, response) => {
      asked.push(request.headers['if-none-match']);
      response.setHeader('etag', '"one"');
      response.statusCode = request.headers['if-none-match'] === '"one"' ? 304 : 200;
      response.end(response.statusCode === 200 ? 'ads.example\n' : undefined);
    };
    keeper.close();
    open({ ca: server.ca });
    try {
      assert.ok((await keeper.add('mine', { source: server.url() })).ok);
      assert.ok((await keeper.update('mine')).ok);
      assert.deepEqual(asked, [undefined, '"one"']);
      asked = [];
      rmSync(content('mine'));
      assert.ok((await keeper.update('mine')).ok);
      assert.deepEqual(asked, [undefined]);
      assert.ok(has('ads.example'));
    } finally {
      server.close();
    }
  });

  test('a flat file of another layout is built anew', async () => {
    await add('ads.example\n');
    const mark = `${flat()}.of`;
    writeFileSync(mark, readFileSync(mark, 'utf8').replace(/"version":\d+/, '"version":1'));
    await keeper.look();
    assert.equal(changes, 2);
  });

  test('each flat file has a key of its own', async () => {
    await add('ads.example\n');
    const key = () => readFileSync(flat()).subarray(16, 24).toString('hex');
    const before = key();
    writeFileSync(source, 'other.example\n');
    await keeper.look();
    assert.notEqual(key(), before);
  });

  test('entries and lists are switched off and on', async () => {
    await add('ads.example\n192.0.2.0/24\n');
    assert.ok((await keeper.change('mine', { entry: { text: 'ads.example', on: false } })).ok);
    assert.equal(has('ads.example'), false);
    assert.ok((await keeper.change('mine', { entry: { text: 'ads.example', on: true } })).ok);
    assert.equal(has('ads.example'), true);
    assert.ok((await keeper.change('mine', { enabled: false })).ok);
    assert.equal(keeper.current(), null);
  });

  test('what lists have in common is said of each, as it is now', async () => {
    await add('ads.example\ntrack.example\nown.example\n');
    await add('ads.example\n*.track.example\nelse.example\n', 'other');
    const shared = () => keeper.views().map(({ name, overlaps }) => [name, overlaps]);
    assert.deepEqual(shared(), [
      ['mine', [{ list: 'other', names: 2 }]],
      ['other', [{ list: 'mine', names: 2 }]],
    ]);
    assert.ok((await keeper.change('mine', { entry: { text: 'ads.example', on: false } })).ok);
    assert.deepEqual(shared()[1], ['other', [{ list: 'mine', names: 1 }]]);
    assert.ok((await keeper.change('other', { enabled: false })).ok);
    assert.deepEqual(shared()[0], ['mine', []]);
  });

  test('the lists that have a name or address are told, without what an exception takes out', async () => {
    await add('||ads.example^\n@@||fine.ads.example^\n');
    await add('192.0.2.0/24\nads.example\n', 'other');
    assert.deepEqual(keeper.having('X.ads.example.'), ['mine']);
    assert.deepEqual(keeper.having('ads.example'), ['mine', 'other']);
    assert.deepEqual([keeper.having('fine.ads.example'), keeper.having('elsewhere.example')], [[], []]);
    assert.deepEqual([keeper.having('192.0.2.9'), keeper.having('198.51.100.1')], [['other'], []]);
    assert.ok((await keeper.change('other', { enabled: false })).ok);
    assert.deepEqual(keeper.having('192.0.2.9'), []);
  });
});
