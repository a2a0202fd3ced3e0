// `postern run`: a command and all that comes of it reach what was said, and nothing else.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunReport, RunView } from '#model/run/run.ts';
import { runFolder } from '#model/run/run.ts';
import { bin, kernelPath, Lab, type Postern, type Ran, type RunOptions } from './lab.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const other = '203.0.113.9';

/** Its exit codes on lines of their own: 0 reached, 6 no such name, 7 refused. */
const fetch = (...hosts: readonly string[]) =>
  hosts.map((host) => `curl -s -g -o /dev/null -m 10 http://${host}/; echo $?`).join('; ');

describe('postern run', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let file: string;

  before(async () => {
    lab = await Lab.create();
    lab.group('postern');
    lab.account('pt-member');
    lab.account('pt-other');
    lab.group('postern', 'pt-member');
    const hosts = [`allowed.example.com,${site}`, `other.example.com,${site}`, `a.wide.org,${other}`];
    await new Resolver(lab).start(hosts.map((host) => `host-record=${host},300`));
    postern = await lab.postern({
      mode: 'allow',
      rules: { '10.yaml': `rules: [{ name: fence, action: reject, to: "${other}:81" }]\n` },
    });
    file = join(lab.folder, 'report.json');
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  const run = (flags: readonly string[], command: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    postern.cli(['run', ...flags, '--', ...command], options);
  const shell = (flags: readonly string[], script: string, options: RunOptions = {}) =>
    run(flags, ['sh', '-c', script], options);
  const report = () => JSON.parse(readFileSync(file, 'utf8')) as RunReport;
  const live = () => postern.json<RunView[]>(['runs']);
  const isLeft = async () => {
    const ran = await postern.cli(['runs', '--json']);
    return ran.code !== 0 || (JSON.parse(ran.stdout) as RunView[]).length > 0;
  };

  test('what was said is reached, the rest is refused at once, and both are told', async () => {
    const ran = await shell(['--allow', `${site}:80`, '--report', file], `${fetch(site, other)}; exit 5`);
    assert.deepEqual([ran.stdout, ran.code], ['0\n7\n', 5], ran.stderr);
    const told = report().lines.map(({ action, app, to, port, rule }) => [
      action,
      app,
      to,
      port,
      rule?.replace(/^run \w+: /, ''),
    ]);
    assert.deepEqual(told, [
      ['allow', 'curl', site, 80, `allow ${site}:80`],
      ['reject', 'curl', other, 80, 'nothing else'],
    ]);
    assert.match(ran.stderr, /^refused +1 +curl → 203\.0\.113\.9:80\/tcp .*nothing else$/m);
    assert.match(ran.stderr, /^allowed +1 +curl → 198\.51\.100\.7:80\/tcp .*allow 198\.51\.100\.7:80$/m);
    assert.equal((await lab.curl(`http://${other}/`)).code, 0, 'others go on as before');
    await postern.until(async () => (await live()).length === 0, 'that none is left');
  });

  test('names are answered as far as they are allowed, and count for the address they had', async () => {
    const flags = ['--allow', 'allowed.example.com:80', '--report', file];
    const hosts = ['allowed.example.com', 'other.example.com', 'a.wide.org', site];
    const ran = await shell(flags, fetch(...hosts));
    // The last is the address of the first, of which this program has no answer: but the command has.
    assert.equal(ran.stdout, '0\n6\n6\n0\n', ran.stderr);
    const { questions, lines } = report();
    const refused = questions.filter((question) => question.refused === 'name').map(({ name }) => name);
    assert.deepEqual([...new Set(refused)].sort(), ['a.wide.org', 'other.example.com'], JSON.stringify(questions));
    assert.ok(questions.some(({ name, refused: why }) => name === 'allowed.example.com' && why === null));
    assert.deepEqual([...new Set(lines.map(({ to }) => to))], ['allowed.example.com']);
    assert.match(ran.stderr, /^Names that were not answered: other\.example\.com, a\.wide\.org\.$/m);
    const wide = await shell(['--allow', '.wide.org', '--quiet'], fetch('a.wide.org', 'allowed.example.com'));
    assert.deepEqual([wide.stdout, wide.stderr], ['0\n6\n', '']);
  });

  test('a name server of its own choice is not asked, and with --dns open it is a destination like others', async () => {
    const dig = `dig +time=15 +tries=1 +short @${site} allowed.example.com >/dev/null; echo $?`;
    const closed = await shell(
      ['--allow', 'allowed.example.com', '--quiet'],
      `${dig}; dig +time=15 +tries=1 +short @${other} allowed.example.com`,
    );
    assert.match(
      closed.stdout,
      new RegExp(`^0\\n${site.replaceAll('.', '\\.')}\\n$`),
      'whoever is asked, ours answers',
    );
    const open = await shell(
      ['--dns', 'open', '--quiet'],
      `${fetch('allowed.example.com')}; dig +time=1 +tries=1 @${site} x.example.com >/dev/null; echo $?`,
    );
    assert.equal(open.stdout, '7\n9\n', 'the name is answered, its address and other name servers are not reached');
  });

  test('whatever becomes of it: shells in shells, setsid, other users, forks of forks, what it leaves behind', async () => {
    const inner = join(lab.folder, 'inner.sh');
    writeFileSync(inner, `${fetch(other)}\n`);
    const ways = [
      `sh -c 'sh -c "sh ${inner}"'`,
      `setsid -w sh ${inner}`,
      `setpriv --reuid=pt-other --regid=pt-other --clear-groups sh ${inner}`,
      `perl -e 'unless (fork) { unless (fork) { exec "sh", "${inner}" } exit } wait; sleep 1'`,
      `nohup sh ${inner} 2>/dev/null`,
    ];
    const ran = await shell(['--allow', site, '--quiet'], ways.join('; '));
    assert.equal(ran.stdout, '7\n'.repeat(ways.length), ran.stderr);
    const away = join(lab.folder, 'away');
    const word = join(lab.folder, 'word');
    const waits = `(while [ ! -e ${word} ]; do sleep 0.1; done; sh ${inner})`;
    const left = await shell(['--allow', site], `${waits} >${away} 2>&1 </dev/null & exit 0`);
    assert.match(
      left.stderr,
      /^\d+ processes it left running are confined on\.$|^One process it left running is confined on\.$/m,
    );
    const [still] = await live();
    assert.ok(still !== undefined && still.ended !== null);
    writeFileSync(word, '');
    await postern.until(() => readFileSync(away, 'utf8') === '7\n', 'the end of what was left');
    await postern.until(async () => !(await isLeft()), 'that nothing is confined');
    // It is taken away once the policy without it stands.
    const names = () => readdirSync(join(lab.cgroup, runFolder));
    await postern.until(() => names().every((name) => name.includes('.')), 'that its cgroup is gone');
  });

  test('moving to another cgroup changes nothing', async () => {
    const script = `echo 0 > ${lab.cgroup}/cgroup.procs; cat /proc/self/cgroup | grep ^0:; ${fetch(other, site)}; sh -c '${fetch(other)}'`;
    const ran = await shell(['--allow', site, '--quiet'], script);
    const [moved, ...codes] = ran.stdout.trim().split('\n');
    assert.doesNotMatch(moved ?? '', /postern\.run/);
    assert.deepEqual(codes, ['7', '0', '7'], ran.stderr);
  });

  test('what the rules of the machine refuse stays refused', async () => {
    const ran = await shell(['--allow', other, '--report', file], `${fetch(other, `${other}:81`)}`);
    assert.equal(ran.stdout, '0\n7\n', ran.stderr);
    const rules = report().lines.map(({ rule }) => rule?.replace(/^run \w+: /, ''));
    // Without eBPF nft refuses it by itself, and it may not be known any more whose it was.
    if (!(await postern.decidesInKernel()) && rules.length === 1) rules.push('fence');
    assert.deepEqual(rules, [`allow ${other}`, 'fence']);
  });

  test('loopback is a destination like others', async () => {
    const said = join(lab.folder, 'serving');
    const listens = `until grep -q Serving ${said}; do sleep 0.1; done`;
    const serve = `>${said}; python3 -u -m http.server -b 127.0.0.1 8099 >${said} 2>&1 & ${listens}; curl -s -o /dev/null -m 10 http://127.0.0.1:8099/; echo $?; kill %1`;
    assert.equal((await run(['--quiet'], ['bash', '-c', serve])).stdout, '7\n');
    const allowed = await run(['--quiet', '--allow', 'loopback'], ['bash', '-c', serve]);
    assert.equal(allowed.stdout, '0\n', allowed.stderr);
  });

  test('--deny, --policy and presets', async () => {
    const rules = join(lab.folder, 'policy.yaml');
    writeFileSync(
      rules,
      `rules: [{ name: all, action: allow, to: any }, { name: not, action: reject, to: "${other}" }]\n`,
    );
    assert.equal((await shell(['--policy', rules, '--quiet'], fetch(site, other))).stdout, '0\n7\n');
    assert.equal((await shell(['--allow', 'any', '--deny', site, '--quiet'], fetch(site, other))).stdout, '7\n0\n');
    assert.equal((await shell(['--allow', '@npm', '--quiet'], fetch(site))).stdout, '7\n');
    for (const [flags, said] of [
      [['--allow', '@nothing'], /there is no preset @nothing/],
      [['--allow', 'nonsense'], /--allow: "nonsense" is no address/],
      [['--policy', '/nowhere'], /--policy: ENOENT/],
      [['--no-network', '--allow', site], /--no-network leaves nothing for --allow to decide/],
      [['--learn', '-', '--ask'], /say one of them/],
    ] as const) {
      const wrong = await shell(flags, 'echo never');
      assert.deepEqual([wrong.code, wrong.stdout], [2, ''], wrong.stderr);
      assert.match(wrong.stderr, said);
    }
  });

  test('what it did is learned as rules, under which it works and nothing else', async () => {
    const rules = join(lab.folder, 'learned.yaml');
    const learned = await shell(['--learn', rules, '--quiet'], fetch('allowed.example.com', other));
    assert.equal(learned.stdout, '0\n0\n', learned.stderr);
    assert.match(readFileSync(rules, 'utf8'), /^ +# allowed\.example\.com {2}once, known by dns$/m);
    const ran = await shell(
      ['--policy', rules, '--quiet'],
      fetch('allowed.example.com', other, 'other.example.com', `${other}:81`),
    );
    assert.equal(ran.stdout, '0\n0\n6\n7\n', ran.stderr);
  });

  test('the user, the terminal, the environment, signals and exit codes are its own', async () => {
    const member = { user: 'pt-member' };
    const ran = await shell(['--allow', site, '--quiet'], `id -un; echo $HOME; ${fetch(site, other)}; cat; exit 3`, {
      ...member,
      input: 'typed',
    });
    assert.deepEqual(
      [ran.code, ran.stdout.split('\n')[0], ran.stdout.split('\n').slice(2)],
      [3, 'pt-member', ['0', '7', 'typed']],
      ran.stderr,
    );
    assert.equal((await shell(['--quiet'], 'kill -TERM $$')).code, 143);
    assert.equal((await run(['--quiet'], ['/nowhere/nothing'])).code, 127);
    assert.equal((await run(['--quiet'], ['/etc/passwd'])).code, 126);
    const handed = lab.spawn([
      bin,
      'run',
      '--runtime-dir',
      join(postern.folder, 'run'),
      '--quiet',
      '--',
      'sh',
      '-c',
      'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done',
    ]);
    await new Promise((resolve) => handed.stdout?.once('data', resolve));
    // The one that we know runs `sh` and `nsenter` before it, in its own place.
    handed.kill('SIGTERM');
    const code = await new Promise((resolve) => handed.once('exit', resolve));
    assert.equal(code, 9);
    const refused = await shell(['--quiet'], 'echo never', { user: 'pt-other' });
    assert.deepEqual([refused.code, refused.stdout], [4, '']);
  });

  test('others on this machine do not learn what is run', async () => {
    await shell(['--quiet'], ': the-secret-of-this-command');
    const events = (options: RunOptions) => {
      const asked = [
        '-s',
        '-m',
        '5',
        '-H',
        'Last-Event-ID: 0',
        '--unix-socket',
        join(postern.folder, 'run/postern.sock'),
      ];
      return lab.run(['curl', ...asked, 'http://postern/api/v1/events'], options);
    };
    assert.match((await events({})).stdout, /run-started.*the-secret-of-this-command/);
    assert.doesNotMatch((await events({ user: 'pt-other' })).stdout, /run-|the-secret/);
    assert.deepEqual(await postern.json(['runs'], { user: 'pt-other' }), []);
    const [, id = ''] = /run-started.*"id":"([a-z0-9]{4})"[^}]*the-secret/.exec((await events({})).stdout) ?? [];
    assert.equal((await postern.cli(['runs', id])).code, 0, 'who may, reads its report when it is over');
    assert.equal((await postern.cli(['runs', id], { user: 'pt-other' })).code, 1);
  });

  test('nothing is begun where nothing would hold it, and nothing sets free what is held', async () => {
    const held = lab.spawn([
      bin,
      'run',
      '--runtime-dir',
      join(postern.folder, 'run'),
      '--',
      'sh',
      '-c',
      'echo up; cat',
    ]);
    await new Promise((resolve) => held.stdout?.once('data', resolve));
    for (const line of [
      ['mode', 'observe'],
      ['mode', 'off'],
      ['pause', '1m'],
    ]) {
      const tried = await postern.cli(line);
      assert.equal(tried.code, 1, line.join(' '));
      assert.match(tried.stderr, /postern run confines "sh -c echo up; cat"/);
    }
    held.stdin?.end();
    await new Promise((resolve) => held.once('exit', resolve));
    await postern.json(['mode', 'observe']);
    const tried = await shell([], 'echo never');
    assert.deepEqual([tried.code, tried.stdout], [4, '']);
    assert.match(tried.stderr, /the mode is observe, so that nothing would hold the command/);
    await postern.json(['mode', 'allow']);
  });

  test('a gate or a control plane that is killed lets nothing out, and takes it up again', async () => {
    // On one line: two that come at once would be one answer, and a second that never comes.
    const script = `while read line; do echo $(${fetch(other, site)}); done`;
    const talk = lab.talker([
      bin,
      'run',
      '--runtime-dir',
      join(postern.folder, 'run'),
      '--allow',
      site,
      '--',
      'sh',
      '-c',
      script,
    ]);
    const ask = async () => (await talk.say('go')).split(' ');
    assert.deepEqual(await ask(), ['7', '0']);
    for (const which of ['gate', 'control'] as const) {
      process.kill(postern.child(which), 'SIGKILL');
      for (let i = 0; i < 4; i++) {
        const [out, inside] = await ask();
        assert.notEqual(out, '0', `${which} is away`);
        assert.match(inside ?? '', /^(0|7|28)$/);
      }
      await postern.until(async () => (await ask()).join() === '7,0', `that the command goes on after the ${which}`);
    }
    talk.child.stdin?.end();
    await postern.until(async () => !(await isLeft()), 'its end');
  });

  test('a client that is killed leaves what it began confined', async () => {
    const away = join(lab.folder, 'killed');
    const client = lab.spawn([
      bin,
      'run',
      '--runtime-dir',
      join(postern.folder, 'run'),
      '--',
      'sh',
      '-c',
      `echo up; sleep 3; ${fetch(other)} >${away}`,
    ]);
    await new Promise((resolve) => client.stdout?.once('data', resolve));
    client.kill('SIGKILL');
    await postern.until(() => existsSync(away) && readFileSync(away, 'utf8') !== '', 'its try');
    assert.equal(readFileSync(away, 'utf8'), '7\n');
    await postern.until(async () => !(await isLeft()), 'that nothing is confined');
  });

  test('while Postern is stopped it stands still, and goes on confined', async () => {
    const script = `while read line; do ${fetch(other)}; done`;
    const talk = lab.talker([bin, 'run', '--runtime-dir', join(postern.folder, 'run'), '--', 'sh', '-c', script]);
    assert.equal(await talk.say('go'), '7');
    await postern.stop();
    const answer = talk.say('go');
    assert.equal(await Promise.race([answer, sleep(1500).then(() => 'nothing')]), 'nothing');
    postern.output = '';
    await postern.start();
    assert.equal(await answer, '7');
    talk.child.stdin?.end();
    await postern.until(async () => !(await isLeft()), 'its end');
  });
});

describe('postern run where no Postern runs', { concurrency: false }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.create();
  });
  after(async () => {
    await lab?.close();
  });

  test('root brings a gate for commands alone, and the last takes it away; others need one that runs', async () => {
    lab.account('pt-other');
    const runtime = join(lab.folder, 'alone');
    const flags = ['--runtime-dir', runtime, '--cgroup', lab.cgroup, '--kernel-path', kernelPath, '--quiet'];
    const begun = (address: string, script: string) =>
      lab.run([bin, 'run', ...flags, '--allow', address, '--', 'sh', '-c', script]);
    const none = await lab.run([bin, 'run', ...flags, '--', 'echo', 'never'], { user: 'pt-other' });
    assert.deepEqual([none.code, none.stdout], [3, '']);
    const [first, second] = await Promise.all([begun(site, fetch(site, other)), begun(other, fetch(site, other))]);
    assert.deepEqual([first?.stdout, second?.stdout], ['0\n7\n', '7\n0\n'], `${first?.stderr}${second?.stderr}`);
    assert.equal((await lab.curl(`http://${other}/`)).code, 0);
    for (let waited = 0; (await lab.run(['nft', 'list', 'ruleset'])).stdout !== ''; waited += 1) {
      assert.ok(waited < 600, readFileSync(join(`${runtime}.run`, 'log'), 'utf8'));
      await sleep(100);
    }
    assert.equal(existsSync(join(lab.cgroup, runFolder)), false);
  });
});
