// The command replay: what it prints of a journal, the codes it ends with, and a million connections in time.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { replayReportSchema } from '#model/shown/replay.ts';
import { Journal } from '#store/journal.ts';
import { fillJournal } from '../../../test/web/bigjournal.ts';

const root = join(import.meta.dirname, '../../..');
/** A million takes minutes to write: `POSTERN_LONG=1`. */
const count = process.env.POSTERN_LONG === '1' ? 1_000_000 : 5000;

describe('replay', () => {
  let folder: string;
  const file = (name: string) => join(folder, name);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-replay-'));
    const now = Date.now();
    const journal = new Journal({
      ...{ file: file('journal.db'), maxAgeMs: 1e15, maxBytes: 1e12, now: () => now },
      onNotice: () => {},
    });
    fillJournal(journal, count, now);
    journal.close();
    writeFileSync(file('all.yaml'), 'rules: [{ name: all, action: allow, direction: [in, out, forward] }]\n');
    writeFileSync(
      file('none.yaml'),
      'rules:\n  - { name: all, action: allow, direction: [in, out, forward] }\n  - { name: no curl, action: drop, app: "**/curl" }\n',
    );
    writeFileSync(file('broken.yaml'), 'rules: [{ name: x, action: alow }]\n');
  });
  after(() => rmSync(folder, { recursive: true }));

  function replay(...words: string[]) {
    const line = ['replay', ...words, '--journal', file('journal.db'), '--since', '40d'];
    const program = `
      const { runCli } = await import(${JSON.stringify(join(root, 'src/cli/main.ts'))});
      process.exitCode = await runCli(${JSON.stringify(line)}, {}, '0');`;
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
    const began = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, flags, { cwd: root, encoding: 'utf8' });
    return { status, stdout, stderr, ms: performance.now() - began };
  }

  test('the same rules change nothing: 0', () => {
    const { status, stdout } = replay(file('all.yaml'), '--against', file('all.yaml'));
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`^${count} connections since .*: nothing would be decided otherwise\\.\\n$`));
  });

  test('what other rules would refuse is shown with the rule: 1', () => {
    const { status, stdout, ms } = replay(file('none.yaml'), '--against', file('all.yaml'));
    assert.equal(status, 1);
    assert.match(stdout, /^ *\d+× +allow → drop +curl +→ .* by "no curl" /m);
    assert.ok(ms < (count > 5000 ? 60_000 : 50_000), `${ms} ms`);
    if (count > 5000) process.stderr.write(`${count} connections replayed in ${(ms / 1000).toFixed(1)} s\n`);
  });

  test('beside what was done, each connection that was refused would be allowed', () => {
    const { status, stdout } = replay(file('all.yaml'), '--json');
    assert.equal(status, 1);
    const report = replayReportSchema.parse(JSON.parse(stdout));
    assert.equal(report.connections, count);
    assert.ok(report.changed > 0 && report.changed < count);
    assert.ok(report.groups.every(({ was, would }) => was !== 'allow' && would === 'allow'));
  });

  test('rules that are wrong, no journal, no time', () => {
    assert.match(replay(file('broken.yaml')).stderr, /broken\.yaml:1:\d+: /);
    const none = replay(file('all.yaml'), '--against', file('nowhere.yaml'));
    assert.deepEqual([none.status, /nowhere\.yaml cannot be read/.test(none.stderr)], [1, true]);
    const missing = spawnSync(join(root, 'bin/postern'), ['replay', file('all.yaml'), '--journal', file('no.db')], {
      encoding: 'utf8',
    });
    assert.deepEqual([missing.status, /the journal .*no\.db cannot be opened/.test(missing.stderr)], [1, true]);
  });
});
