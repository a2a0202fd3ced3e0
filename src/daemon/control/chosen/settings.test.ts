// What is set: by default, by people, by the command line of this run; each shown with where it is from.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Chosen } from '#model/machine/settings.ts';
import { fail, ok } from '#std/result.ts';
import { settingsFileName } from '#store/machine/settingsfile.ts';
import { RuleStore } from '#store/rulestore.ts';
import { ChosenSettings } from './settings.ts';

describe('settings', () => {
  let folder: string;
  let file: string;
  let store: RuleStore;
  let changed: string[][];
  let notices: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-settings-'));
    file = join(folder, settingsFileName);
    [changed, notices] = [[], []];
    store = new RuleStore({
      ...{ rulesDir: folder, stateDir: folder, files: { [settingsFileName]: file }, bootId: 'boot', now: Date.now },
    });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const begin = (start: Chosen = {}) => {
    const settings: ChosenSettings = new ChosenSettings({
      ...{ file, start, fixed: () => [], notice: (text: string) => notices.push(text) },
      edit: async (uid, what, change) => {
        const edited = store.edit(uid, what, change);
        if (!edited.ok) return fail({ code: 'conflict', message: edited.error.message });
        settings.look();
        const version = { id: edited.value.id, time: 0, user: 'alice', what };
        return ok({ rules: [], version, file: '', pending: null });
      },
      onChange: (keys) => changed.push([...keys]),
    });
    return settings;
  };
  const of = (settings: ChosenSettings, key: string) => {
    const view = settings.list().find((one) => one.key === key);
    return [view?.value, view?.source];
  };

  test('what is set holds at once, after a start, and until it is undone', async () => {
    const settings = begin();
    assert.deepEqual(of(settings, 'hold'), [30, 'default']);
    assert.equal((await settings.change(1000, { hold: 60, 'lists-hours': 0 })).ok, true);
    assert.deepEqual([settings.get('hold'), settings.get('lists-hours')], [60, 0]);
    assert.deepEqual(changed, [['hold', 'lists-hours']]);
    assert.equal(store.versions()[0]?.what, 'set hold to 60, lists-hours to 0');
    assert.deepEqual(of(begin(), 'hold'), [60, 'chosen']);
    store.undo(1000);
    settings.look();
    assert.deepEqual(of(settings, 'hold'), [30, 'default']);
    assert.equal((await settings.change(1000, { hold: null })).ok, true);
    assert.equal(changed.length, 2, 'as it was, nothing changes');
  });

  test('what the command line says goes before, and cannot be changed while it runs', async () => {
    writeFileSync(file, 'hold: 60\nfail: closed\n');
    const settings = begin({ hold: 5 });
    assert.deepEqual(of(settings, 'hold'), [5, 'start']);
    assert.deepEqual(of(settings, 'fail'), ['closed', 'chosen']);
    const refused = await settings.change(1000, { hold: 10 });
    assert.match(refused.ok ? '' : refused.error.message, /postern up was given --hold/);
    assert.equal(settings.get('hold'), 5);
  });

  test('a file that is broken changes nothing, is told of once, and is not written over', async () => {
    writeFileSync(file, 'hold: 60\n');
    const settings = begin();
    writeFileSync(file, 'hold: never\n');
    settings.look();
    settings.look();
    assert.equal(notices.length, 1);
    assert.deepEqual(of(settings, 'hold'), [60, 'chosen']);
    assert.equal((await settings.change(1000, { hold: 10 })).ok, false);
  });

  test('each number is shown with its bounds, and each word with the others', () => {
    for (const { key, least, most, words } of begin().list()) {
      assert.ok(words !== null ? words.length > 1 : (least ?? 0) < (most ?? 0), key);
    }
    assert.deepEqual(begin().list()[0]?.most, 120);
  });
});
