// Policies as code against a running Postern: plan, apply, undo after a restart, and what was changed by hand meanwhile.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RuleView, VersionView } from '#model/api.ts';
import type { Applied, PolicyPlan } from '#model/shown/policyfiles.ts';
import { Lab, type Postern } from './lab.ts';

const site = '198.51.100.7';
const base = {
  '10-web.yaml': `# why\r\nrules:   [ { name: web, action: allow, app: /usr/bin/curl, to: ${site} } ]  # so\n\n`,
  '50-local.yaml': '# mine\nrules:\n  - { name: own, action: allow, app: /usr/bin/wget, port: 8080 }\n',
  'old.yml': 'rules: []',
};
const next = {
  '10-web.yaml': `# Why,\n#   and how.\nrules:\n  - name: web # now closed\n    action: reject\n    app: /usr/bin/curl\n    tests: [{ app: /usr/bin/curl, expect: reject }]\n`,
  '20-more.yaml': `rules: [{ name: more, action: allow, app: /usr/bin/wget, to: ${site} }]\n`,
};

describe('policies as code', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let wanted: string;

  before(async () => {
    lab = await Lab.create();
    lab.account('pt-other');
    postern = await lab.postern({ mode: 'lockdown', rules: base });
    wanted = join(lab.folder, 'wanted');
    mkdirSync(wanted);
    for (const [name, text] of Object.entries(next)) writeFileSync(join(wanted, name), text);
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const present = () =>
    Object.fromEntries(
      readdirSync(postern.rulesDir).map((name) => [name, readFileSync(join(postern.rulesDir, name), 'utf8')]),
    );
  const applied = { ...next, '50-local.yaml': base['50-local.yaml'] };
  const curl = async () => (await lab.curl(`http://${site}/`)).code === 0;
  const wget = async () =>
    (await lab.run(['wget', '-q', '-t', '1', '-T', '15', '-O', '/dev/null', `http://${site}/`])).code === 0;
  const history = async () => (await postern.json<VersionView[]>(['history'])).map(({ what }) => what);
  const save = async (name: string) => {
    const file = join(lab.folder, name);
    writeFileSync(file, (await postern.cli(['plan', wanted, '--json'])).stdout);
    return file;
  };

  test('the plan says what would change, also of what happened, and changes nothing', async () => {
    assert.deepEqual([await curl(), await wget()], [true, false]);
    await postern.until(
      async () => (await postern.json<unknown[]>(['log', '--app', 'wget'])).length > 0,
      'that it is in the journal',
    );
    const ran = await postern.cli(['plan', wanted]);
    assert.equal(ran.code, 1, ran.stderr);
    assert.match(
      ran.stdout,
      /^~ web: allow \/usr\/bin\/curl to 198\.51\.100\.7\n {2}becomes reject \/usr\/bin\/curl$/m,
    );
    assert.match(ran.stdout, /^\+ more: allow \/usr\/bin\/wget/m);
    assert.match(ran.stdout, /allow → reject +curl +→ .* by "web"/);
    assert.match(ran.stdout, /reject → allow +wget +→ .* by "more"/);
    assert.match(ran.stdout, /^Do it with: postern apply /m);
    assert.deepEqual(present(), base);
    assert.equal((await postern.cli(['diff', wanted])).code, 1);
    assert.equal((await postern.cli(['plan', postern.rulesDir])).code, 0);
  });

  test('a plan that is not that of now is refused, whether the rules or the folder changed', async () => {
    const plan = await save('plan.json');
    assert.equal((await postern.cli(['rule', 'add', 'drop', '--port', '25', '--name', 'between'])).code, 0);
    const rules = await postern.cli(['apply', wanted, '--plan', plan]);
    assert.deepEqual([rules.code, /the rules have changed since/.test(rules.stderr)], [1, true]);
    assert.equal((await postern.cli(['undo'])).code, 0);
    writeFileSync(join(wanted, '30-late.yaml'), 'rules: []\n');
    const folder = await postern.cli(['apply', wanted, '--plan', plan]);
    assert.deepEqual([folder.code, /the files in .* have changed since/.test(folder.stderr)], [1, true]);
    rmSync(join(wanted, '30-late.yaml'));
    assert.deepEqual(present(), base);
  });

  test('applied, it holds at once, byte by byte, as one change with who and why', async () => {
    const done = await postern.json<Applied>([
      'apply',
      wanted,
      '--plan',
      await save('plan.json'),
      '--note',
      'ticket 4711',
    ]);
    assert.deepEqual([done.changed, done.pending], [['10-web.yaml', '20-more.yaml', 'old.yml'], null]);
    assert.deepEqual([done.version?.user, done.version?.what], ['root', 'applied 3 rule files: ticket 4711']);
    assert.deepEqual(present(), applied);
    assert.deepEqual([await curl(), await wget()], [false, true]);
    assert.match((await postern.cli(['diff', `${done.version?.id}`])).stdout, /^-rules: {3}\[ \{ name: web/m);
    const again = await postern.json<Applied>(['apply', wanted]);
    assert.deepEqual([again.version, again.changed], [null, []]);
    assert.equal((await postern.json<PolicyPlan>(['plan', wanted])).same, true);
  });

  test('one undo after a restart takes all of it back, and the next brings it again', async () => {
    await postern.stop();
    postern.output = '';
    await postern.start();
    assert.equal((await postern.cli(['undo'])).code, 0);
    assert.deepEqual(present(), base);
    assert.deepEqual([await curl(), await wget()], [true, false]);
    assert.equal((await postern.cli(['undo'])).code, 0);
    assert.deepEqual(present(), applied);
  });

  test('what is wrong, or fails its test, leaves all as it was', async () => {
    const bad = join(lab.folder, 'bad');
    mkdirSync(bad);
    for (const text of [
      'rules: [{ name: x, action: alow }]\n',
      'rules: [{ name: x, action: allow, tests: [{ expect: drop }] }]\n',
      'rules: [{ name: own, action: allow }]\n',
    ]) {
      writeFileSync(join(bad, 'a.yaml'), text);
      const ran = await postern.cli(['apply', bad]);
      assert.deepEqual([ran.code, /nothing was applied/.test(ran.stderr)], [1, true], ran.stdout);
    }
    assert.equal((await postern.cli(['apply', wanted], { user: 'pt-other' })).code, 4);
    assert.equal((await postern.cli(['plan', wanted], { user: 'pt-other' })).code, 4);
    assert.deepEqual(present(), applied);
  });

  test('what was changed by hand is a change like any other, also while nothing ran', async () => {
    writeFileSync(join(postern.rulesDir, '20-more.yaml'), '# by hand\nrules: []\n');
    await postern.until(async () => (await history())[0] === 'changed 20-more.yaml by hand', 'that it is noticed');
    await postern.until(async () => !(await wget()), 'that it holds');
    assert.match((await postern.cli(['history'])).stdout, /root +changed 20-more\.yaml by hand/);
    await postern.stop();
    rmSync(join(postern.rulesDir, '20-more.yaml'));
    postern.output = '';
    await postern.start();
    await postern.until(
      async () => (await history()).filter((what) => what.startsWith('changed')).length === 2,
      'both',
    );
    const [last] = await postern.json<VersionView[]>(['history']);
    assert.equal((await postern.cli(['rollback', `${(last?.id ?? 0) - 2}`])).code, 0);
    assert.deepEqual(present(), applied);
    assert.equal(await wget(), true);
    const rules = await postern.json<RuleView[]>(['rules']);
    assert.ok(['web', 'more', 'own'].every((name) => rules.some((rule) => rule.name === name)));
  });
});
