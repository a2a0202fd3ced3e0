// plan and diff of folders, with no Postern: what they say, what they print for scripts, and the codes they end with.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { policyDifferenceSchema, policyPlanSchema } from '#model/shown/policyfiles.ts';
import { Journal } from '#store/journal.ts';
import { fillJournal } from '../../../test/web/bigjournal.ts';

const root = join(import.meta.dirname, '../../..');

describe('plan and diff', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-plan-'));
    const write = (name: string, text: string) => {
      mkdirSync(dirname(at(name)), { recursive: true });
      writeFileSync(at(name), text);
    };
    const rule = (name: string, more: string) => `  - { name: ${name}, action: allow, app: "**/curl"${more} }\n`;
    write('base/rules.d/10.yaml', `rules:\n${rule('web', ', port: 443')}${rule('mail', ', port: 25')}`);
    write('base/rules.d/20.yaml', '# stays\nrules: []');
    write('base/rules.d/50-local.yaml', 'rules:\n  - { name: own, action: ask, port: 9 }\n');
    write('same/10.yaml', `rules:\n${rule('web', ', port: 443')}${rule('mail', ', port: 25')}`);
    write('same/20.yaml', '# stays\nrules: []');
    write('end/10.yaml', `rules:\n${rule('web', ', port: 443')}${rule('mail', ', port: 25')}`);
    write('end/20.yaml', '# stays\nrules: []\n');
    write(
      'next/10.yaml',
      `rules:\n${rule('web', ', port: [80, 443], tests: [{ app: /usr/bin/curl, to: "192.0.2.1:80", expect: allow }]')}` +
        '  - { name: no curl, action: drop, app: "**/curl", priority: 5 }\n',
    );
    write('failing/10.yaml', `rules:\n${rule('web', ', tests: [{ to: 192.0.2.1, expect: drop }]')}`);
    write('broken/10.yaml', 'rules: [{ name: x, action: alow }]\n');
    const now = Date.now();
    const journal = new Journal({
      ...{ file: at('journal.db'), maxAgeMs: 1e15, maxBytes: 1e12, now: () => now },
      onNotice: () => {},
    });
    fillJournal(journal, 2000, now);
    journal.close();
  });
  after(() => rmSync(folder, { recursive: true }));

  function postern(...words: string[]) {
    const program = `
      const { runCli } = await import(${JSON.stringify(join(root, 'src/cli/main.ts'))});
      process.exitCode = await runCli(${JSON.stringify(words)}, {}, '0');`;
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
    const { status, stdout, stderr } = spawnSync(process.execPath, flags, { cwd: root, encoding: 'utf8' });
    return { status, stdout, stderr };
  }
  const plan = (name: string, ...more: string[]) => postern('plan', at(name), '--against', at('base'), ...more);

  test('nothing to do: 0; rules made on the machine are not touched', () => {
    const { status, stdout } = plan('same');
    assert.deepEqual([status, stdout], [0, `Nothing would change in ${at('base/rules.d')}.\n`]);
    const json = policyPlanSchema.parse(JSON.parse(plan('same', '--json').stdout));
    assert.deepEqual([json.same, json.ok, json.state], [true, true, json.wanted]);
  });

  test('an end of line more is a change, though no line is another', () => {
    const json = policyPlanSchema.parse(JSON.parse(plan('end', '--json').stdout));
    assert.deepEqual(
      [json.same, json.files, json.rules],
      [false, [{ file: '20.yaml', added: 0, removed: 0, hunks: [] }], []],
    );
  });

  test('rules, files, tests, lint and history of a change: 1', () => {
    const { status, stdout } = plan('next', '--journal', at('journal.db'), '--since', '40d');
    assert.equal(status, 1);
    for (const line of [
      /would change: 10\.yaml \+2 −2, 20\.yaml \+0 −2\.$/m,
      /^- mail: allow \*\*\/curl on port 25$/m,
      /^\+ no curl: drop \*\*\/curl, priority 5$/m,
      /^~ web: allow \*\*\/curl on port 443\n {2}becomes allow \*\*\/curl on port 80 or 443$/m,
      /^Tests: 0 passed, 1 failed\.$/m,
      /^exception: rule "web": |^shadowed: rule "web": /m,
      /^2000 connections since .*: \d+ would be decided otherwise\.$/m,
      /allow → drop +curl +→ .* by "no curl"/,
    ]) {
      assert.match(stdout, line);
    }
    assert.doesNotMatch(stdout, /own/);
    const json = policyPlanSchema.parse(JSON.parse(plan('next', '--json').stdout));
    assert.deepEqual([json.ok, json.replay], [false, null]);
    assert.match(json.unlooked ?? '', /--journal FILE/);
  });

  test('what is wrong, and a test that fails, is said, and cannot be applied', () => {
    assert.match(plan('broken').stdout, /broken\/10\.yaml:1:\d+: /);
    for (const name of ['broken', 'failing']) {
      const ran = plan(name, '--json');
      assert.deepEqual([ran.status, policyPlanSchema.parse(JSON.parse(ran.stdout)).ok], [1, false]);
    }
    const none = plan('nowhere');
    assert.deepEqual([none.status, /nowhere cannot be read/.test(none.stderr)], [1, true]);
    assert.match(plan('next/10.yaml').stderr, /it is no folder/);
    assert.match(
      plan('next', '--journal', at('none.db')).stdout,
      /not looked at: the journal .*none\.db cannot be opened/,
    );
  });

  test('diff of two folders says rules and lines: 0 the same, 1 not', () => {
    const ran = postern('diff', at('same'), at('next'));
    assert.equal(ran.status, 1);
    assert.match(ran.stdout, /^- mail: [\s\S]*^--- 10\.yaml$[\s\S]*^\+ {2}- \{ name: no curl/m);
    policyDifferenceSchema.parse(JSON.parse(postern('diff', at('same'), at('next'), '--json').stdout));
    const same = postern('diff', at('same'), at('same'));
    assert.deepEqual([same.status, same.stdout], [0, 'There is no difference.\n']);
    assert.equal(postern('diff').status, 2);
    assert.equal(postern('diff', at('same'), '--runtime-dir', at('run')).status, 3);
    assert.equal(postern('diff', '12', '--runtime-dir', at('run')).status, 3);
    assert.equal(postern('rollback', '12', '--runtime-dir', at('run')).status, 3);
    assert.equal(postern('apply', at('next'), '--runtime-dir', at('run')).status, 3);
    for (const file of ['same/10.yaml', 'none.json']) {
      const ran = postern('apply', at('next'), '--plan', at(file));
      assert.deepEqual([ran.status, /is no plan|cannot be read/.test(ran.stderr)], [1, true]);
    }
  });
});
