// Questions and answers by name, with a real resolver and real programs: what was answered for passes, and nothing else does.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Answered, PromptView, RuleView } from '#model/api.ts';
import { bin, Lab, type Postern } from './lab.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const other = '203.0.113.9';
/** Connects to the site by its address for each empty line, and asks for the name in each other one, all in one process. */
const script = `import socket, sys, threading
def connect():
    try: socket.create_connection(('${site}', 80), 110); print('ok', flush=True)
    except OSError as error: print(error, flush=True)
for line in sys.stdin:
    if line.strip(): socket.getaddrinfo(line.strip(), None, socket.AF_INET, socket.SOCK_STREAM)
    else: threading.Thread(target=connect).start()`;
const talker = ['/usr/bin/python3', '-c', script];

describe('questions by name', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;

  before(async () => {
    lab = await Lab.create();
    await new Resolver(lab).start([
      `host-record=www.example.com,${site},300`,
      `host-record=shared.example.net,${site},300`,
      `host-record=site.example,${site},300`,
      `host-record=api.example.com,${other},300`,
      `host-record=example.com,${other},300`,
    ]);
  });
  beforeEach(async () => {
    postern = await lab.postern({ args: ['--hold', '120'] });
  });
  afterEach(() => postern?.stop());
  after(() => lab?.close());

  const prompts = () => postern.json<PromptView[]>(['prompts']);
  const get = (name: string, maxSeconds = 110) => lab.curl(`http://${name}/`, { maxSeconds });
  const one = async (): Promise<PromptView> => {
    await postern.until(async () => (await prompts()).length > 0, 'a question');
    return (await prompts())[0] as PromptView;
  };
  const noneIsOpen = () => postern.until(async () => (await prompts()).length === 0, 'that no question is open');
  const answer = async (id: string, ...args: string[]) => postern.json<Answered>(['answer', id, ...args]);
  /** That a request to `name` is asked about, and refused when the answer says so. */
  const isAsked = async (name: string, shown: RegExp) => {
    const asking = get(name);
    const { id } = await one();
    assert.match((await postern.cli(['prompts'])).stdout, shown);
    await answer(id, 'reject');
    assert.equal((await asking).code, 7, name);
  };

  test('the exact name, always: the next by that name passes, not another name of the address, nor the address', async () => {
    const asking = get('www.example.com');
    const prompt = await one();
    const [{ since, ...name } = assert.fail()] = prompt.names;
    assert.deepEqual([name, prompt.names.length], [{ name: 'www.example.com', from: 'dns', domain: 'example.com' }, 1]);
    assert.ok(Math.abs(Date.now() - (since ?? 0)) < 60_000, String(since));
    assert.match((await postern.cli(['prompts'])).stdout, /curl +root +www\.example\.com 198\.51\.100\.7:80\/tcp/);
    const answered = await answer(prompt.id, 'allow', '--for', 'always');
    assert.equal(answered.name, 'www.example.com');
    assert.deepEqual(
      answered.rules.map(({ to, port, user }) => [to, port, user]),
      [['www.example.com', 80, 0]],
    );
    assert.equal((await asking).code, 0);
    for (let round = 0; round < 3; round++) assert.equal((await get('www.example.com', 10)).code, 0);
    await noneIsOpen();
    await isAsked('shared.example.net', /shared\.example\.net 198\.51\.100\.7:80/);
    await isAsked(site, / {2}198\.51\.100\.7:80/);
    assert.equal((await get('www.example.com', 10)).code, 0, 'still');
  });

  test('the domain, always: what is below it passes, at other addresses too, and nothing else', async () => {
    const asking = get('www.example.com');
    const ran = await postern.cli(['answer', (await one()).id, 'allow', '--scope', 'domain', '--for', 'always']);
    assert.match(
      ran.stdout,
      /Answered, with a rule for always: allow \S*curl of user \S+ to \.example\.com on port 80\/tcp/,
    );
    assert.equal((await asking).code, 0);
    for (const name of ['www.example.com', 'api.example.com', 'example.com']) {
      assert.equal((await get(name, 10)).code, 0, name);
    }
    await isAsked('shared.example.net', /shared\.example\.net/);
    await isAsked(other, / {2}203\.0\.113\.9:80/);
  });

  test('the address: every name of it passes, and so it does by itself', async () => {
    const asking = get('www.example.com');
    const answered = await answer((await one()).id, 'allow', '--scope', 'destination', '--for', 'always');
    assert.deepEqual([answered.name, answered.rules[0]?.to], [null, site]);
    assert.equal((await asking).code, 0);
    for (const name of ['shared.example.net', site]) assert.equal((await get(name, 10)).code, 0, name);
  });

  test('one question holds flows with other names: an answer releases those that it names', async () => {
    const first = get('www.example.com');
    await one();
    const [second, bare] = [get('shared.example.net'), get(site)];
    await postern.until(async () => (await one()).flows === 3, 'three flows in one question');
    const { id } = await one();
    assert.equal((await answer(id, 'allow')).name, 'www.example.com', 'once, and still only for that name');
    assert.equal((await first).code, 0);
    await postern.until(async () => (await one()).names[0]?.name === 'shared.example.net', 'what is left to be shown');
    const refused = await postern.cli(['answer', id, 'allow', '--name', 'www.example.com']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /198\.51\.100\.7 is not called www\.example\.com; choose shared\.example\.net/);
    assert.equal((await answer(id, 'allow', '--for', '15m')).name, 'shared.example.net');
    assert.equal((await second).code, 0);
    await postern.until(async () => (await one()).names.length === 0, 'the bare address to be shown');
    const nameless = await postern.cli(['answer', id, 'allow', '--scope', 'name']);
    assert.match(nameless.stderr, /No name of 198\.51\.100\.7 is known/);
    assert.equal((await answer(id, 'reject')).name, null);
    assert.equal((await bare).code, 7);
    await noneIsOpen();
  });

  test('a name that comes to be known while it is asked is shown, and can be answered for', async () => {
    const program = lab.talker(talker);
    program.child.stdin?.write('\n');
    const connected = program.next();
    assert.deepEqual((await one()).names, []);
    const asker = lab.spawn([bin, 'ask', '--runtime-dir', join(postern.folder, 'run')]);
    let said = '';
    asker.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await postern.until(() => / wants to reach 198\.51\.100\.7, port 80\/tcp\n/.test(said), 'the question');
    program.child.stdin?.write('www.example.com\n');
    const known = / wants to reach www\.example\.com \(198\.51\.100\.7\), port 80\/tcp; known by DNS\n/;
    await postern.until(() => known.test(said.split('More is known now:')[1] ?? ''), 'the name in the same terminal');
    assert.equal((await one()).names[0]?.name, 'www.example.com');
    asker.stdin?.write('5\na\n');
    assert.equal(await connected, 'ok');
    await postern.until(
      () => /Allowed: allow .* to www\.example\.com on port 80\/tcp/.test(said),
      'the rule written out',
    );
    asker.kill('SIGINT');
    program.end();
  });

  test('with several names the newest counts, the others are said, and --name chooses', async () => {
    const program = lab.talker(talker);
    const going = program.next();
    program.child.stdin?.write('site.example\nwww.example.com\n\n');
    const prompt = await one();
    assert.deepEqual(
      prompt.names.map(({ name, domain }) => [name, domain]),
      [
        ['www.example.com', 'example.com'],
        ['site.example', null],
      ],
    );
    const none = await postern.cli(['answer', prompt.id, 'allow', '--name', 'site.example', '--scope', 'domain']);
    assert.match(none.stderr, /site\.example lies in no registered domain/);
    const two = await postern.cli(['answer', prompt.id, 'allow', '--scope', 'name,destination']);
    assert.deepEqual([two.code, /are two places/.test(two.stderr)], [2, true]);
    const ran = await postern.cli(['answer', prompt.id, 'allow', '--name', 'site.example', '--for', '15m']);
    assert.match(ran.stdout, /It is also called www\.example\.com: for that, answer with --name\./);
    assert.equal(await going, 'ok');
    const rules = (await postern.json<RuleView[]>(['rules'])).filter(({ origin }) => origin === 'answer');
    assert.deepEqual(
      rules.map(({ rule }) => rule.to),
      ['site.example'],
    );
    program.end();
  });

  test('a list that has the name: the question says it, and an answer for it refuses what else the list has', async () => {
    const file = join(lab.folder, 'ads.txt');
    writeFileSync(file, 'www.example.com\nsite.example\n');
    assert.equal((await postern.cli(['lists', 'add', 'ads', file])).code, 0);
    const [listed, other] = [get('www.example.com'), get('shared.example.net')];
    await postern.until(async () => (await one()).flows === 2, 'both in one question');
    const prompt = await one();
    if (prompt.names[0]?.name === 'www.example.com') {
      assert.deepEqual(prompt.lists, [{ list: 'ads', name: 'www.example.com' }]);
      assert.match((await postern.cli(['prompts'])).stdout, /www\.example\.com 198\.51\.100\.7:80\/tcp +ads /);
    } else {
      await answer(prompt.id, 'allow');
      assert.equal((await other).code, 0);
      await postern.until(async () => (await one()).lists.length === 1, 'what the list has to be shown');
    }
    const ran = await postern.cli(['answer', prompt.id, 'reject', '--scope', 'list', '--for', 'always']);
    assert.match(
      ran.stdout,
      /Answered, with a rule for always: reject \S*curl of user \S+ to list:ads on port 80\/tcp/,
    );
    assert.equal((await listed).code, 7);
    if (prompt.names[0]?.name === 'www.example.com') {
      const { id, lists } = await one();
      assert.deepEqual(lists, [], 'what is left is in no list');
      await answer(id, 'allow');
      assert.equal((await other).code, 0);
    }
    assert.equal((await get('site.example', 10)).code, 7, 'by the rule, without a question');
    await noneIsOpen();
    await isAsked('shared.example.net', /shared\.example\.net/);
    assert.equal((await postern.cli(['lists', 'rm', 'ads'])).code, 0);
  });

  test('postern ask shows the name first, and takes an answer for its domain', async () => {
    const asking = get('www.example.com');
    await one();
    const ran = await postern.cli(['ask'], { input: '?5m\na\n' });
    assert.match(
      ran.stdout,
      /curl \(root\) wants to reach www\.example\.com \(198\.51\.100\.7\), port 80\/tcp; known by DNS/,
    );
    for (const line of [
      / N {2}www\.example\.com alone/,
      / m {2}example\.com and all below it/,
      / h {2}the address 198/,
    ]) {
      assert.match(ran.stdout, line);
    }
    assert.match(ran.stdout, /For: reject \S*curl of user (root|0) to \.example\.com on port 80\/tcp/);
    assert.equal((await asking).code, 0);
    assert.equal((await get('api.example.com', 10)).code, 0);
  });
});
