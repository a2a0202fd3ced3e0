// The command line against a running Postern and without one: exit codes, and JSON as its schema says.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, PromptView } from '#model/api.ts';
import type { LearnReview } from '#model/learn/learning.ts';
import type { Networks } from '#model/net/network.ts';
import { outputs } from '../outputs.ts';
import { Lab, type Postern, type Ran } from './lab.ts';
import { world } from './namespaces.ts';

const bin = join(import.meta.dirname, '../../bin/postern');
const url = `http://${world.v4}/`;

describe('the command line', () => {
  let lab: Lab;
  let postern: Postern;
  let rules: string;
  let broken: string;

  before(async () => {
    lab = await Lab.create();
    lab.account('pt-other');
    postern = await lab.postern({
      args: ['--hold', '120'],
      rules: { '10.yaml': 'rules: [{ name: curl, action: allow, app: /usr/bin/curl, tests: [{ expect: ask }] }]' },
    });
    rules = postern.rulesDir;
    broken = join(lab.folder, 'broken');
    mkdirSync(broken);
    writeFileSync(join(broken, 'a.yaml'), 'rules: [{ name: a, action: allow, tests: [{ expect: drop }] }]');
    writeFileSync(join(broken, 'b.yml'), 'rules:\n  - { name: b, actoin: allow }\n');
  });
  after(async () => {
    await postern?.stop();
    await lab.close();
  });

  const attempt = '{"flow":{"protocol":"tcp","remote":{"address":"192.0.2.7","port":443}}}';

  test('0 done, 1 the answer is no, 2 the command line is wrong, 4 not permitted', async () => {
    const cases: readonly (readonly [code: number, line: readonly string[], user?: string])[] = [
      [0, ['rule', 'add', 'drop', '--app', '/usr/bin/wget', '--name', 'no-wget']],
      [1, ['rule', 'add', 'drop', '--app', '/usr/bin/wget', '--name', 'no-wget']],
      [1, ['rule', 'rm', 'none']],
      [1, ['rule', 'edit', 'curl', '--port', '80']],
      [1, ['rule', 'show', 'none']],
      [1, ['explain', '--app', '/usr/bin/wget']],
      [1, ['answer', 'x-1', 'allow']],
      [1, ['undo', '999']],
      [2, ['nonsense']],
      [2, ['rules', 'extra']],
      [2, ['log', '--verdict', 'maybe']],
      [2, ['log', '--limit', '0']],
      [2, ['log', '--limit', '1.5']],
      [2, ['log', '--since', 'yesterday']],
      [2, ['log', '--since', '1960-01-01']],
      [2, ['rule', 'add', 'perhaps']],
      [2, ['rule', 'add', 'allow', '--to', 'ex ample.com']],
      [2, ['rule', 'add', 'allow', '--app', 'curl']],
      [2, ['rule', 'add', 'allow', '--port', '70000']],
      [2, ['rule', 'add', 'allow', '--until', 'soon']],
      [2, ['rule', 'add', 'allow', '--priority', '5000']],
      [2, ['rule', 'add', 'allow', '--for', 'once']],
      [2, ['rule', 'add', 'allow', '--name', '-x']],
      [2, ['undo', '-1']],
      [2, ['answer', 'x-1', 'maybe']],
      [2, ['answer', 'x-1', 'allow', '--for', 'long']],
      [2, ['mode', 'loud']],
      [2, ['pause', '0m']],
      [2, ['explain', '--json', '{']],
      [2, ['explain', '--to', 'here']],
      [4, ['rule', 'add', 'allow'], 'pt-other'],
      [4, ['rule', 'disable', 'curl'], 'pt-other'],
      [4, ['undo'], 'pt-other'],
      [4, ['history'], 'pt-other'],
      [4, ['mode', 'off'], 'pt-other'],
      [4, ['mode', 'lockdown', '--now'], 'pt-other'],
      [4, ['pause', '1m'], 'pt-other'],
    ];
    for (const [code, line, user] of cases) {
      const ran = await postern.cli(line, user === undefined ? {} : { user });
      assert.equal(ran.code, code, `postern ${line.join(' ')}: ${ran.stdout}${ran.stderr}`);
      if (code !== 0 && line[0] !== 'explain') assert.notEqual(ran.stderr.trim(), '', line.join(' '));
      assert.doesNotMatch(ran.stderr, /^\s+at /m, 'no stack');
    }
  });

  test('3 no daemon; check, test, explain --policy, doctor and run need none', async () => {
    const nowhere = ['--runtime-dir', join(lab.folder, 'nowhere')];
    const asking = [
      ['status'],
      ['rules'],
      ['log'],
      ['log', '-f'],
      ['apps'],
      ['history'],
      ['prompts'],
      ['ask'],
      ['mode'],
    ];
    asking.push(['mode', 'ask'], ['pause', '1m'], ['undo'], ['answer', 'x-1', 'allow'], ['explain', '--to', world.v4]);
    for (const line of asking) {
      const ran = await lab.run([bin, ...line, ...nowhere]);
      assert.equal(ran.code, 3, `postern ${line.join(' ')}: ${ran.stderr}`);
      assert.match(ran.stderr, /Postern is not running: .*start it with: sudo postern up/);
    }
    for (const verb of ['add allow', 'edit x', 'rm x', 'enable x', 'disable x', 'show x', 'text x', 'try']) {
      assert.equal((await lab.run([bin, 'rule', ...verb.split(' '), ...nowhere])).code, 3, verb);
    }
    const alone: readonly (readonly [code: number, line: readonly string[]])[] = [
      [0, ['check', rules]],
      [1, ['check', broken]],
      [1, ['check', join(lab.folder, 'none')]],
      [0, ['test', rules]],
      [1, ['test', join(broken, 'a.yaml')]],
      [1, ['test', broken]],
      [0, ['explain', '--policy', rules, '--json', attempt]],
      [1, ['explain', '--policy', rules, '--mode', 'lockdown', '--json', attempt]],
      [1, ['explain', '--policy', broken, '--json', attempt]],
      [2, ['check']],
      [2, ['run', '--allow', 'nonsense', '--', 'true']],
      [7, ['run', '--no-network', '--', 'sh', '-c', 'exit 7']],
      [0, ['--version']],
    ];
    for (const [code, line] of alone) {
      const ran = await lab.run([bin, ...line]);
      assert.equal(ran.code, code, `postern ${line.join(' ')}: ${ran.stdout}${ran.stderr}`);
    }
  });

  test('a rule that has ended is said to have: where it is added, shown, and checked', async () => {
    const added = await postern.cli([
      'rule',
      'add',
      'allow',
      '--app',
      '/usr/bin/wget',
      '--until',
      '2020-01-31',
      '--name',
      'old',
    ]);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stderr, /the rule "old" has ended already \(2020-01-31\) and matches nothing/);
    assert.match((await postern.cli(['rules'])).stdout, /\bold +allow \/usr\/bin\/wget until 2020-01-31 +\(ended\)/);
    assert.match((await postern.cli(['status'])).stdout, /warning: rule "old": has ended \(2020-01-31\)/);
    const check = await lab.run([bin, 'check', rules]);
    assert.equal(check.code, 0, 'a warning is no error');
    assert.match(check.stdout, /50-local\.yaml:\d+:\d+: warning: rule "old": has ended/);
    assert.equal((await postern.cli(['rule', 'rm', 'old'])).code, 0);
  });

  test('every --json is as its schema says', async () => {
    const seen = new Set<string>();
    const holds = (name: string, ran: Ran) => {
      seen.add(name);
      const parsed = outputs[name]?.safeParse(JSON.parse(ran.stdout));
      assert.ok(parsed?.success, `${name}: ${parsed?.error}\n${ran.stdout.slice(0, 2000)}`);
    };
    const of = async (name: string, ...rest: string[]) =>
      holds(name, await postern.cli([...name.split(' '), ...rest, '--json']));

    const fetch = ['wget', '-q', '-t', '1', '-T', '110', '-O', '/dev/null'];
    const asking = lab.run([...fetch, `http://${world.others[0]}/`], { timeoutMs: 150_000 });
    assert.equal((await postern.cli(['rule', 'rm', 'no-wget'])).code, 0);
    await postern.until(async () => (await postern.json<PromptView[]>(['prompts'])).length > 0, 'a question');
    await of('prompts');
    await of('ui');
    const [prompt] = await postern.json<PromptView[]>(['prompts']);
    const asked = await postern.cli(['explain', (prompt as PromptView).id]);
    assert.match(asked.stdout, /^wget \(root\) wants to reach .*\nask by the mode: no rule matches\n/);
    await of('answer', (prompt as PromptView).id, 'allow', '--for', '15m');
    assert.equal((await asking).code, 0);
    assert.equal((await lab.curl(url)).code, 0);
    await of('rule add', 'reject', '--protocol', 'icmp', '--name', 'ping', '--note', 'why', '--for', '15m');
    await of('rule edit', 'ping', '--log');
    await of('rule disable', 'ping');
    await of('rule enable', 'ping');
    await of('rule show', 'ping');
    await of('rule text', 'ping');
    await of('rule try', '--replaces', 'ping', '--to', world.v4);
    await of('rules');
    await of('rule rm', 'ping');
    await of('undo');
    await of('history');
    const [newest] = await postern.json<{ id: number }[]>(['history']);
    await of('history diff', `${newest?.id}`);
    await of('history rollback', `${newest?.id}`);
    await of('rollback', `${newest?.id}`);
    holds('diff CHANGE', await postern.cli(['diff', `${newest?.id}`, '--json']));
    const wanted = join(lab.folder, 'wanted');
    mkdirSync(wanted);
    writeFileSync(
      join(wanted, '10.yaml'),
      'rules: [{ name: curl, action: allow, app: /usr/bin/curl }, { name: twin, action: allow, app: /usr/bin/curl }]\n',
    );
    holds('diff DIR', await postern.cli(['diff', wanted, '--json']));
    await of('plan', wanted);
    await of('apply', wanted);
    await of('undo');
    await of('self-test');
    await of('status');
    await of('log');
    const [line] = await postern.json<LogLine[]>(['log', '--app', 'curl']);
    const explained = await postern.cli(['explain', line?.id ?? '']);
    assert.match(explained.stdout, /^[\d: -]{19} curl \(root\) → .* allowed by rule "curl"\nallow by rule "curl"\n/);
    holds('explain', await postern.cli(['explain', line?.id ?? '', '--policy', rules, '--json']));
    const saved = join(lab.folder, 'line.json');
    writeFileSync(saved, JSON.stringify(line));
    holds('explain', await lab.run([bin, 'explain', '--policy', rules, '--json', saved]));
    assert.equal((await postern.cli(['explain', 'nobody-1'])).code, 1);
    assert.equal((await postern.cli(['explain', line?.id ?? '', '--port', '80'])).code, 2);
    await of('apps');
    holds('apps NAME', await postern.cli(['apps', 'curl', '--json']));
    await of('names');
    await of('learn start', '--app', '/usr/bin/wget', '--for', '5m');
    await lab.run([...fetch, `http://${world.others[1]}/`]);
    await postern.until(
      async () => (await postern.json<LearnReview>(['learn', 'review'])).proposals.length > 0,
      'something to review',
    );
    await of('learn list');
    await of('learn review');
    await of('learn stop');
    await of('learn accept');
    await of('learn review');
    await of('learn forget', 'learning wget');
    const hosts = join(lab.folder, 'hosts');
    writeFileSync(hosts, '0.0.0.0 ads.example\n');
    await of('lists add', 'ads', hosts);
    await of('lists show');
    await of('lists update', 'ads');
    await of('lists disable', 'ads');
    await of('lists enable', 'ads');
    await of('lists test', 'ads.example');
    await of('lists rm', 'ads');
    await of('mode');
    await of('pause', '1m');
    await of('mode', 'ask');
    holds('doctor', await lab.run([bin, 'doctor', '--json']));
    holds('check', await lab.run([bin, 'check', broken, '--json']));
    const journal = join(postern.folder, 'state/journal.db');
    holds('lint', await lab.run([bin, 'lint', join(broken, 'a.yaml'), '--journal', journal, '--json']));
    holds('replay', await lab.run([bin, 'replay', join(broken, 'a.yaml'), '--journal', journal, '--json']));
    holds('test', await lab.run([bin, 'test', join(broken, 'a.yaml'), '--json']));
    const tables = join(lab.folder, 'saved.rules');
    writeFileSync(
      tables,
      '*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m owner --uid-owner 0 -j REJECT\n-A OUTPUT -j LOG\n',
    );
    holds('import', await lab.run([bin, 'import', 'iptables', tables, '--json']));
    holds('export', await lab.run([bin, 'export', 'nft', '--policy', rules, '--json']));
    holds('explain', await postern.cli(['explain', '--json', attempt]));
    const followed = lab.spawn([bin, 'log', '-f', '--json', '--runtime-dir', join(postern.folder, 'run')]);
    let lines = '';
    followed.stdout?.setEncoding('utf8').on('data', (text: string) => {
      lines += text;
    });
    await postern.until(() => lines.includes('\n'), 'a line');
    holds('log --follow', { code: 0, stdout: lines.split('\n')[0] ?? '', stderr: '', ms: 0 });
    followed.kill('SIGKILL');
    await of('networks show');
    const [network] = (await postern.json<Networks>(['networks', 'show'])).networks;
    await of('networks name', network?.id ?? '', 'Lab', '--profile', 'work');
    await of('networks later', 'Lab');
    await of('networks forget', 'Lab');
    await of('views keep', 'Curl', 'app:curl');
    await of('views show');
    await of('views forget', 'Curl');
    await of('settings show');
    await of('settings set', 'journal-days', '7');
    await of('settings reset', 'journal-days');
    assert.deepEqual([...seen].sort(), Object.keys(outputs).sort());
  });

  test('a question that is kept is asked again by its name, with more words more narrowly, and is its user’s own', async () => {
    assert.equal((await lab.curl(url)).code, 0);
    const keep = ['views', 'keep', 'By verdict', 'app:curl own:no', '--since', '1h', '--count', 'verdict', '--compare'];
    const kept = await postern.cli(keep);
    assert.deepEqual(
      [kept.code, kept.stdout],
      [0, "Kept. It is shown by: postern log --view 'By verdict'\n"],
      kept.stderr,
    );
    const view = { q: 'app:curl own:no', range: '1h', by: 'verdict', than: 'before' };
    assert.deepEqual(await postern.json(['views']), [{ name: 'By verdict', view }]);
    await postern.until(
      async () => /^allow +\d+ +0 /m.test((await postern.cli(['log', '--view', 'By verdict'])).stdout),
      'the groups, with none in the time before',
    );
    assert.doesNotMatch((await postern.cli(['log', '--view', 'By verdict', 'verdict:drop'])).stdout, /^allow/m);
    assert.match(
      (await postern.cli(['views'])).stdout,
      /^By verdict +app:curl own:no +the last 1h +verdict, compared with/m,
    );
    const other = { user: 'pt-other' };
    assert.deepEqual(await postern.json(['views'], other), []);
    assert.equal((await postern.cli(['views', 'forget', 'By verdict'], other)).code, 1);
    assert.equal((await postern.cli(['views', 'keep', 'wrong', 'port:x'])).code, 2);
    assert.equal((await postern.cli(['log', '--view', 'none'])).code, 1);
    for (const line of [['log'], ['views', 'keep', 'x']])
      assert.equal((await postern.cli([...line, '--count', 'app', '--compare'])).code, 2, line.join(' '));
    assert.equal((await postern.cli(['views', 'forget', 'By verdict'])).code, 0);
    assert.deepEqual(await postern.json(['views']), []);
  });

  test('log --follow shows what is new, and of what is old what was asked for', async () => {
    const logged = async () => (await postern.json<unknown[]>(['log', '--app', 'curl'])).length;
    const old = await logged();
    await lab.curl(url);
    await postern.until(async () => (await logged()) > old, 'that it is in the log');
    const follow = (...flags: string[]) => {
      const child = lab.spawn([bin, 'log', '-f', ...flags, '--runtime-dir', join(postern.folder, 'run')]);
      const shown = { text: '', end: () => child.kill('SIGKILL') };
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        shown.text += text;
      });
      return shown;
    };
    const [none, some] = [follow('--since', '2099-01-01'), follow('--app', 'curl')];
    await postern.until(() => some.text.includes('curl'), 'what was before');
    const before = some.text;
    // Nothing says when the other one has begun to follow: it is given new ones until it shows one.
    let news = 0;
    await postern.until(async () => {
      news += 1;
      await lab.curl(`${url}?${news}`);
      await sleep(1000);
      return none.text !== '';
    }, 'a new one');
    // Where bytes are counted, a second line says that a connection has ended.
    const begun = (text: string) =>
      text
        .trim()
        .split('\n')
        .filter((line) => !/ ended\b/.test(line)).length;
    await postern.until(() => begun(some.text) >= begun(before) + news, 'all that is new');
    assert.ok(begun(none.text) <= news, `nothing of before: ${none.text}`);
    assert.equal(begun(some.text), begun(before) + news, `nothing twice: ${some.text}`);
    none.end();
    some.end();
  });
});
