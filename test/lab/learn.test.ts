// Learn, review, lock: what a program did for a while becomes its rules, and what it does beyond them is refused and shown.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RuleView, VersionView } from '#model/api.ts';
import type { LearningView, LearnReview } from '#model/learn/learning.ts';
import { Lab, type Postern } from './lab.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const other = '203.0.113.9';
const name = 'learning curl';

describe('learning', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    lab.account('pt-other');
    const resolver = new Resolver(lab);
    const hosts = ['a', 'b', 'c', 'd'].map((part) => `${part}.learned.com`);
    await resolver.start([...hosts, 'elsewhere.org'].map((host) => `host-record=${host},${site},300`));
    postern = await lab.postern({
      mode: 'lockdown',
      rules: { '10.yaml': `rules: [{ name: never, action: reject, app: /usr/bin/curl, to: 8.8.8.8 }]\n` },
    });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const reaches = async (to: string, port = 80) => (await lab.curl(`http://${to}:${port}/`)).code === 0;
  // With departures it ends with 1.
  const review = async () => JSON.parse((await postern.cli(['learn', 'review', name, '--json'])).stdout) as LearnReview;
  const known = async (connections: number) =>
    postern.until(async () => (await review()).connections >= connections, `${connections} connections`);

  test('before, it is refused; for a while it may do what no rule refuses', async () => {
    assert.equal(await reaches(site), false);
    const begun = await postern.cli(['learn', 'start', '--app', '/usr/bin/curl', '--for', '10m']);
    assert.equal(begun.code, 0, begun.stderr);
    assert.match(begun.stdout, /^"learning curl" goes on, (9|10) min left: \/usr\/bin\/curl is allowed/);
    assert.equal(await reaches(other), true);
    for (const part of ['a', 'b', 'c']) assert.equal(await reaches(`${part}.learned.com`), true);
    assert.equal(await reaches('8.8.8.8'), false, 'what a rule refuses stays refused');
    assert.equal((await lab.curl(`http://${site}/`, { program: 'wget' })).code === 0, false, 'others learn nothing');
    const twice = await postern.cli(['learn', 'start', '--app', '/usr/bin/curl']);
    assert.deepEqual([twice.code, /learns that already/.test(twice.stderr)], [1, true]);
  });

  test('the review covers it with the fewest rules, and says what each stands for', async () => {
    await known(4);
    const { proposals, unsaid, learning, since } = await review();
    assert.deepEqual(
      proposals.map(({ rule }) => rule),
      [
        {
          name: 'curl to .learned.com and 1 more 80/tcp',
          action: 'allow',
          ...{ app: '/usr/bin/curl', direction: undefined },
          ...{ to: ['.learned.com', other], protocol: 'tcp', port: 80 },
        },
      ].map(({ direction: _, ...rule }) => rule),
    );
    assert.deepEqual([unsaid, learning.running, since], [[], true, null]);
    const text = (await postern.cli(['learn', 'review'])).stdout;
    assert.match(
      text,
      /^ {6}\.learned\.com {2}3 times, known by dns, last .* ago: a\.learned\.com 1, b\.learned\.com 1, c\.learned\.com 1$/m,
    );
    assert.match(text, /^ {6}203\.0\.113\.9 {2}once, by its address/m);
  });

  test('edited, it is accepted in one change with the end of the learning', async () => {
    const file = join(lab.folder, 'learned.yaml');
    const yaml = (await postern.cli(['learn', 'review', name, '--yaml'])).stdout;
    assert.match(yaml, /^ {2}# \.learned\.com {2}3 times/m);
    writeFileSync(file, `rules:\n  - { name: broken, action: alow }\n`);
    const broken = await postern.cli(['learn', 'accept', name, '--rules', file]);
    assert.deepEqual([broken.code, /learned\.yaml:2:\d+: /.test(broken.stderr)], [1, true]);
    writeFileSync(file, yaml.replace(/- name: .*/, '- name: curl-learned'));
    const done = await postern.cli(['learn', 'accept', name, '--rules', file]);
    assert.equal(done.code, 0, done.stderr);
    const rules = await postern.json<RuleView[]>(['rules']);
    assert.deepEqual(
      rules.filter(({ name: one }) => one === 'curl-learned' || one === name).map((rule) => [rule.name, rule.origin]),
      [['curl-learned', 'local']],
    );
    assert.match(readFileSync(join(postern.rulesDir, '50-local.yaml'), 'utf8'), /curl-learned/);
  });

  test('then it reaches what it reached, and nothing else', async () => {
    assert.equal(await reaches('a.learned.com'), true);
    assert.equal(await reaches('d.learned.com'), true, 'the domain stands for all of its names');
    assert.equal(await reaches(other), true);
    assert.equal(await reaches('elsewhere.org'), false);
    assert.equal(await reaches(other, 81), false);
  });

  test('what departs from it is shown as the rules that would allow it', async () => {
    const since = async () => (await review()).since;
    await postern.until(async () => ((await since())?.departures.length ?? 0) >= 2, 'two departures');
    await postern.until(async () => (await since())?.unused.length === 0, 'the use of its rule to be told');
    assert.deepEqual((await since())?.departures.map(({ rule }) => [rule.to, rule.port]).sort(), [
      [other, 81],
      ['elsewhere.org', 80],
    ]);
    const shown = await postern.cli(['learn', 'review', name]);
    assert.equal(shown.code, 1);
    assert.match(shown.stdout, /^Since it was accepted, this was not allowed:$/m);
  });

  test('one undo takes the rules back and goes on learning', async () => {
    const [last] = await postern.json<VersionView[]>(['history']);
    assert.equal(last?.what, 'accepted what "learning curl" learned');
    await postern.json(['undo']);
    const { connections } = await review();
    assert.equal(await reaches('elsewhere.org'), true);
    await known(connections + 1);
    const [learning] = await postern.json<LearningView[]>(['learn']);
    assert.equal(learning?.running, true);
    assert.equal((await postern.cli(['learn', 'stop', name])).code, 0);
    assert.equal(await reaches('elsewhere.org'), false);
  });

  test('it is kept over a restart, and forgotten when asked', async () => {
    const before = (await review()).connections;
    await postern.stop();
    postern.output = '';
    await postern.start();
    assert.equal((await review()).connections, before);
    assert.equal((await postern.cli(['learn', 'forget', name])).code, 0);
    assert.deepEqual(await postern.json(['learn']), []);
  });

  test('only administrators, and only what there is', async () => {
    const lines: readonly (readonly [number, readonly string[], string?])[] = [
      [2, ['learn', 'start']],
      [2, ['learn', 'start', '--all', '--app', '/usr/bin/curl']],
      [2, ['learn', '--for', '10m']],
      [2, ['learn', 'start', '--all', '--for', '8d']],
      [1, ['learn', 'review', 'none']],
      [1, ['learn', 'stop', 'none']],
      [1, ['learn', 'accept', 'none']],
      [1, ['learn', 'forget', 'none']],
      [4, ['learn', 'start', '--all'], 'pt-other'],
      [4, ['learn', 'list'], 'pt-other'],
    ];
    for (const [code, line, user] of lines) {
      const ran = await postern.cli(line, user === undefined ? {} : { user });
      assert.equal(ran.code, code, `${line.join(' ')}: ${ran.stderr}`);
    }
  });
});
