// Questions and answers: who is asked, what an answer makes, how long it lives, and what nobody answers.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { LogLine, PromptView, RuleView, VersionView } from '#model/api.ts';
import { Lab, type Postern } from './lab.ts';
import { world } from './namespaces.ts';

const url = `http://${world.v4}/`;
const python = '/usr/bin/python3';
/** Questions are open until they are answered. */
const args = ['--hold', '120'];

describe('questions', () => {
  let lab: Lab;
  let postern: Postern;
  let program: string;

  before(async () => {
    lab = await Lab.create();
    for (const name of ['pt-vagrant', 'pt-other']) lab.account(name);
    program = join(lab.folder, 'asker');
    copyFileSync(realpathSync('/usr/bin/curl'), program);
    chmodSync(program, 0o755);
  });
  afterEach(() => postern?.stop());
  after(() => lab.close());

  const prompts = (user?: string) => postern.json<PromptView[]>(['prompts'], user === undefined ? {} : { user });
  const ask = (options: { user?: string; url?: string; maxSeconds?: number } = {}) =>
    lab.curl(options.url ?? url, { program, maxSeconds: 110, ...options });
  const one = async (): Promise<PromptView> => {
    await postern.until(async () => (await prompts()).length > 0, 'a question');
    return (await prompts())[0] as PromptView;
  };

  test('an allowed answer lets the held connection go on, and "not now" makes no rule', async () => {
    postern = await lab.postern({ args });
    const asking = ask();
    const prompt = await one();
    assert.equal(prompt.attempt.process?.exe, program);
    assert.equal(prompt.attempt.flow.remote.address, world.v4);
    assert.equal(prompt.before, 0);
    assert.ok(prompt.deadline > Date.now());
    assert.equal((await postern.cli(['answer', prompt.id, 'allow'])).code, 0);
    assert.equal((await asking).code, 0);
    assert.equal((await postern.json<RuleView[]>(['rules'])).filter(({ origin }) => origin === 'answer').length, 0);
    const again = ask();
    const second = await one();
    assert.notEqual(second.id, prompt.id, 'no rule was made: it is asked again');
    const refused = await postern.cli(['answer', second.id, 'reject']);
    assert.equal(refused.code, 0, refused.stderr);
    const ran = await again;
    assert.equal(ran.code, 7, 'the held program fails at once');
    assert.equal((await postern.cli(['answer', second.id, 'allow'])).code, 1, 'a question that is closed');
  });

  test('an answer with a lifetime makes a rule for that user alone, and undo takes it back', async () => {
    postern = await lab.postern({ args });
    const asking = ask({ user: 'pt-vagrant' });
    const prompt = await one();
    const answered = await postern.cli([
      'answer',
      prompt.id,
      'allow',
      '--scope',
      'app,any-destination',
      '--for',
      'always',
    ]);
    assert.equal(answered.code, 0, answered.stderr);
    assert.equal((await asking).code, 0);
    assert.equal((await ask({ user: 'pt-vagrant', url: `http://${world.others[0]}/` })).code, 0, 'any destination');
    const [rule] = (await postern.json<RuleView[]>(['rules'])).filter(({ origin }) => origin === 'answer');
    assert.deepEqual([rule?.action, rule?.priority, rule?.lifetime, rule?.hits], ['allow', 0, 'always', rule?.hits]);
    const other = ask({ user: 'pt-other', maxSeconds: 8 });
    assert.equal((await one()).user, 'pt-other', 'another user is asked');
    assert.equal((await other).code, 28);
    assert.equal((await postern.cli(['undo'])).code, 0);
    assert.equal((await postern.json<RuleView[]>(['rules'])).filter(({ origin }) => origin === 'answer').length, 0);
    const [version] = await postern.json<VersionView[]>(['history']);
    assert.match(version?.what ?? '', /^undid: answered a question/);
  });

  test('an answer until exit ends with its process, one in minutes is kept over a restart', async () => {
    postern = await lab.postern({ args });
    const script = `import socket,sys
for line in sys.stdin:
    try: socket.create_connection(('${world.v4}', int(line)), 110); print('in', flush=True)
    except OSError as e: print('out', flush=True)`;
    const child = lab.spawn([python, '-c', script]);
    child.stdin?.write('80\n');
    const prompt = await one();
    await postern.cli(['answer', prompt.id, 'allow', '--scope', 'process,any-destination,any-port', '--for', 'exit']);
    const rules = async () => (await postern.json<RuleView[]>(['rules'])).filter(({ origin }) => origin === 'answer');
    assert.equal((await rules()).length, 1);
    child.kill('SIGKILL');
    await postern.until(async () => (await rules()).length === 0, 'the rule to end with its process');
    const asking = ask();
    await postern.cli(['answer', (await one()).id, 'allow', '--for', '15m']);
    assert.equal((await asking).code, 0);
    await postern.stop();
    postern.output = '';
    await postern.start();
    assert.equal((await ask()).code, 0, 'it still holds');
    const [rule] = await rules();
    assert.ok(rule?.expires && rule.expires > Date.now() && rule.expires <= Date.now() + 15 * 60_000);
  });

  test('what nobody answers gets the default at its deadline, and is recorded as such', async () => {
    postern = await lab.postern({ args: ['--hold', '2'] });
    const ran = await ask();
    assert.equal(ran.code, 7);
    assert.ok(ran.ms > 1800 && ran.ms < 30_000, `${ran.ms} ms`);
    await postern.until(async () => (await postern.json<LogLine[]>(['log', '--app', 'asker'])).length > 0, 'the row');
    const [line] = await postern.json<LogLine[]>(['log', '--app', 'asker']);
    assert.deepEqual([line?.action, line?.reason, line?.rule], ['reject', 'deadline', null]);
  });

  test('repeated datagrams of a held flow join one question, and all are delivered', async () => {
    postern = await lab.postern({ args });
    const before = (await lab.arrived()).silent;
    const child = lab.spawn([
      python,
      '-c',
      `import socket,sys,time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('${world.v4}', 7008))
for n in range(5): s.send(b'x'); time.sleep(.05)
sys.stdin.read()`,
    ]);
    await postern.until(async () => (await prompts())[0]?.packets === 5, 'five packets in one question');
    assert.equal((await prompts()).length, 1);
    await postern.cli(['answer', ((await prompts())[0] as PromptView).id, 'allow']);
    await postern.until(async () => (await lab.arrived()).silent - before === 5, 'all five to arrive');
    child.stdin?.end();
  });

  test('others see and answer their own programs only', async () => {
    postern = await lab.postern({ args });
    const mine = ask({ user: 'pt-vagrant' });
    await one();
    const theirs = ask({ user: 'pt-other', url: `http://${world.v4}:8080/` });
    await postern.until(async () => (await prompts()).length === 2, 'two questions');
    const [own] = await prompts('pt-vagrant');
    assert.equal((await prompts('pt-vagrant')).length, 1);
    const foreign = (await prompts()).find(({ user }) => user === 'pt-other') as PromptView;
    const denied = await postern.cli(['answer', foreign.id, 'allow'], { user: 'pt-vagrant' });
    assert.equal(denied.code, 1);
    assert.match(denied.stderr, /there is no open question/);
    const wide = await postern.cli(['answer', (own as PromptView).id, 'allow', '--scope', 'any-user'], {
      user: 'pt-vagrant',
    });
    assert.equal(wide.code, 4);
    for (const args of [
      ['rule', 'add', 'allow', '--app', '/usr/bin/curl'],
      ['mode', 'off'],
      ['undo'],
      ['pause', '1m'],
    ]) {
      const ran = await postern.cli(args, { user: 'pt-vagrant' });
      assert.equal(ran.code, 4, args.join(' '));
      assert.match(ran.stderr, /group postern/);
    }
    assert.equal((await postern.cli(['answer', (own as PromptView).id, 'allow'], { user: 'pt-vagrant' })).code, 0);
    assert.equal((await mine).code, 0);
    await postern.cli(['answer', foreign.id, 'reject']);
    assert.equal((await theirs).code, 7);
    const logged = () => postern.json<LogLine[]>(['log'], { user: 'pt-vagrant' });
    await postern.until(async () => (await logged()).length > 0, 'it in the log');
    const lines = await logged();
    assert.ok(lines.every(({ user }) => user === 'pt-vagrant'));
  });

  test('postern ask tells the whole story and takes the answer', async () => {
    postern = await lab.postern({ args });
    const asking = ask();
    await one();
    const ran = await postern.cli(['ask'], { input: '?\n5\na\n' });
    for (const part of [
      /asker \(root\) wants to reach 192\.0\.2\.2, port 80\/tcp\n/,
      /program: +\S+\/asker/,
      /arguments: /,
      /user: +root/,
      /before: +never seen/,
    ]) {
      assert.match(ran.stdout, part);
    }
    assert.match(ran.stdout, /For: allow \S+asker of user 0 to 192\.0\.2\.2 on port 80\/tcp|For: reject \S+asker/);
    assert.equal((await asking).code, 0);
    assert.equal((await ask()).code, 0, 'the answer holds for 15 minutes');
    assert.equal(ran.stdout, stripVTControlCharacters(ran.stdout), 'no colours into a pipe');
    assert.ok(ran.ms < 40_000, 'the end of the input is the end');
  });

  test('modes: pause observes, lockdown goes back unless confirmed', async () => {
    postern = await lab.postern({ mode: 'lockdown' });
    assert.equal((await lab.curl(url)).code, 7);
    assert.equal((await postern.cli(['pause', '1m'])).code, 0);
    assert.equal((await lab.curl(url)).code, 0);
    assert.equal((await postern.cli(['mode', 'allow'])).code, 0);
    assert.equal((await lab.curl(url)).code, 0);
    const asked = await postern.cli(['mode', 'lockdown'], { input: 'n\n' });
    assert.match(asked.stdout, /would have refused \d+ connections/);
    assert.match((await postern.cli(['mode'])).stdout, /allow/, 'not confirmed: it went back');
    assert.equal((await postern.cli(['mode', 'lockdown', '--now'])).code, 0);
    assert.equal((await lab.curl(url)).code, 7);
    assert.equal((await postern.cli(['mode', 'off'])).code, 0);
    assert.equal((await lab.curl(url)).code, 0);
    assert.equal((await lab.run(['nft', 'list', 'ruleset'])).stdout, '', 'off: nothing is attached');
  });
});
