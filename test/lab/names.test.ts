// Rules by name, with a real resolver and real programs: a name counts for the program that asked, while it lasts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Status } from '#model/api.ts';
import type { NameView } from '#model/net/nameview.ts';
import { kernelPath, Lab, type Postern, type Talker } from './lab.ts';
import { world } from './namespaces.ts';
import { Resolver } from './resolver.ts';

const site = '198.51.100.7';
const other = '203.0.113.9';
const namer = ['/usr/bin/python3', join(import.meta.dirname, 'namer.py')];
/** Addresses of the world, one for each of the names many-N.example. */
const many = Array.from({ length: 200 }, (_, index) => `203.0.113.${index + 20}`);

describe('names', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let resolver: Resolver;
  let program: Talker;

  before(async () => {
    lab = await Lab.create();
    resolver = new Resolver(lab);
    for (const address of many) lab.address(address);
    await resolver.start([
      `host-record=site.example,${site},300`,
      `host-record=shared.example,${site},300`,
      `host-record=a.sub.example,${other},300`,
      'cname=alias.example,site.example,300',
      `host-record=bad.example,${other},300`,
      `host-record=good.example,${other},300`,
      ...many.map((address, index) => `host-record=many-${index}.many.example,${address},600`),
      `host-record=Round.example,${many[0]}`,
      `host-record=round.example,${many[1]}`,
    ]);
    postern = await lab.postern({
      mode: 'lockdown',
      rules: {
        '10.yaml': `rules:
  - { name: site, action: allow, app: /usr/bin/curl, to: site.example }
  - { name: below, action: allow, app: /usr/bin/curl, to: "*.sub.example:80" }
  - { name: many, action: allow, app: { script: ${namer[1]} }, to: "*.many.example" }
  - { name: bad, action: reject, app: { script: ${namer[1]} }, to: bad.example }
  - { name: servers, action: allow, app: { script: ${namer[1]} }, port: 53 }
  - { name: other, action: allow, app: { script: ${namer[1]} }, to: ${other}/32, protocol: tcp, priority: -1 }
`,
      },
    });
    program = lab.talker(namer);
  });
  after(async () => {
    program?.end();
    await postern?.stop();
    await lab?.close();
  });

  const get = async (url: string) => (await lab.curl(url)).code;
  const counters = async () => (await postern.json<Status>(['status'])).gate?.counters;

  test('curl reaches what a rule names, again and again', async () => {
    for (let round = 0; round < 5; round++) assert.equal(await get('http://site.example/'), 0);
    assert.equal(await get('http://a.sub.example/'), 0);
    assert.equal(await get('http://SITE.example./'), 0);
  });

  test('not by its address, and not by another name of the same address', async () => {
    assert.notEqual(await get(`http://${site}/`), 0);
    assert.notEqual(await get('http://shared.example/'), 0);
    assert.notEqual(await get('http://alias.example/'), 0);
    assert.notEqual(await get('http://a.sub.example:8080/'), 0);
  });

  test('a program that connects in the moment of the answer: 200 of 200 allowed, and known to the kernel then', async () => {
    for (let index = 0; index < many.length; index++) {
      assert.equal(await program.say(`go many-${index}.many.example 80`), 'ok', `many-${index}`);
    }
    if (kernelPath === 'none') return;
    const before = await counters();
    for (let round = 0; round < 20; round++) assert.equal(await program.say(`to ${many[5]} 80`), 'ok');
    const since = await counters();
    // The kernel of the namespace sends a packet of its own now and then.
    const queued = (since?.packets ?? 0) - (before?.packets ?? 0);
    assert.ok(queued < 5, `${queued} packets of 20 connections came to user space`);
  });

  test('a name that comes to be known refuses what went before: at once, 50 of 50', async () => {
    for (let round = 0; round < 50; round++) {
      const fresh = lab.talker(namer);
      // Without a name the address is allowed, and the kernel knows it.
      assert.equal(await fresh.say(`to ${other} 80`), 'ok');
      assert.equal(await fresh.say(`to ${other} 80`), 'ok');
      assert.match(await fresh.say('go bad.example 80'), /Permission|Refused|not permitted/i, `round ${round}`);
      assert.match(await fresh.say(`to ${other} 80`), /Permission|Refused|not permitted/i);
      fresh.end();
    }
  });

  test("a program's own question counts, over UDP and TCP", async () => {
    for (const how of ['ask', 'asktcp']) {
      const fresh = lab.talker(namer);
      assert.notEqual(await fresh.say(`to ${many[7]} 80`), 'ok');
      assert.equal(await fresh.say(`${how} ${resolver.address} many-7.many.example`), many[7]);
      assert.equal(await fresh.say(`to ${many[7]} 80`), 'ok', how);
      fresh.end();
    }
  });

  test('a child that was forked has the names of its parent, and so has its child; another process has not', async () => {
    const fresh = lab.talker(namer);
    assert.notEqual(await fresh.say(`fork ${many[8]} 80`), 'ok');
    assert.equal(await fresh.say('go many-8.many.example 80'), 'ok');
    assert.equal(await fresh.say(`fork ${many[8]} 80`), 'ok');
    assert.equal(await fresh.say(`refork ${many[8]} 80`), 'ok');
    const stranger = lab.talker(namer);
    assert.notEqual(await stranger.say(`to ${many[8]} 80`), 'ok');
    for (const one of [fresh, stranger]) one.end();
  });

  test('what a name server of its own choice says counts for nobody', async () => {
    const own = new Resolver(lab, world.v4);
    await own.start([`host-record=x.many.example,${site},300`]);
    const fresh = lab.talker(namer);
    assert.equal(await fresh.say(`ask ${world.v4} x.many.example`), site);
    assert.notEqual(await fresh.say(`to ${site} 80`), 'ok');
    assert.notEqual(await program.say(`to ${site} 80`), 'ok');
    const names = await postern.json<NameView[]>(['names', 'x.many.example']);
    assert.deepEqual(
      names.map(({ address, ownServer, from }) => [address, ownServer, from]),
      [[site, true, 'dns']],
    );
    fresh.end();
    await own.stop();
  });

  test('`postern names` says what is called how, for whom, and why', async () => {
    const [known] = await postern.json<NameView[]>(['names', many[9] as string]);
    assert.equal(known?.name, 'many-9.many.example');
    assert.equal(known?.asker?.app, namer[1]);
    assert.equal(known?.server, `${resolver.address}:53`);
    const shown = await postern.cli(['names', 'many-9.many.example']);
    assert.match(shown.stdout, /many-9\.many\.example +203\.0\.113\.29 +.*namer\.py \(\d+\) +answer of a name server/);
  });

  test('names are in the log, and explain says which a rule asks for', async () => {
    const explain = (to: string) => postern.cli(['explain', '--script', namer[1] as string, '--to', to]);
    const said = await explain('www.many.example:80');
    assert.match(said.stdout, /many: It matches by the name www\.many\.example \(dns\): allow\./);
    // What this program was told of an address, Postern adds by itself.
    assert.match(
      (await explain(`${many[9]}:80`)).stdout,
      /by the name many-9\.many\.example \(dns for \d+ s\): allow\./,
    );
    const stranger = await postern.cli(['explain', '--app', '/usr/bin/curl', '--to', `${many[9]}:80`]);
    assert.doesNotMatch(stranger.stdout, /many-9/);
    const log = await postern.json<{ rule: string; attempt: { names?: { name: string; from: string }[] } }[]>([
      'log',
      '--limit',
      '1000',
    ]);
    const line = log.find(({ rule, attempt }) => rule === 'many' && attempt.names?.[0]?.name === 'many-9.many.example');
    assert.deepEqual(
      line?.attempt.names?.map(({ name, from }) => [name, from]),
      [['many-9.many.example', 'dns']],
    );
  });

  test('a gate that was killed finds the names again', async () => {
    assert.equal(await program.say(`to ${many[9]} 80`), 'ok');
    // What a killed gate knew is kept from time to time.
    await postern.until(
      () => readFileSync(join(postern.folder, 'run/names.json'), 'utf8').includes('many-9.many'),
      'it to be kept',
    );
    const gate = postern.child('gate');
    postern.kill9('gate');
    await postern.until(() => postern.hasAnother('gate', gate), 'another gate');
    await postern.until(async () => ((await postern.json<Status>(['status'])).gate?.rules ?? 0) > 0, 'its rules');
    assert.equal(await program.say(`to ${many[9]} 80`), 'ok');
  });
});

describe('names, where the kernel holds the rule for name servers', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let resolver: Resolver;

  before(async () => {
    lab = await Lab.create();
    resolver = new Resolver(lab);
    for (const address of many) lab.address(address);
    await resolver.start(many.map((address, index) => `host-record=n${index}.many.example,${address},300`));
    // No rule before the one for name servers can speak of them.
    const rule = `{ name: many, action: allow, app: { script: ${namer[1]} }, to: "*.many.example", port: 80 }`;
    postern = await lab.postern({ mode: 'lockdown', rules: { '10.yaml': `rules:\n  - ${rule}\n` } });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  test('who asks is known all the same: 20 programs of 20, and 100 questions of one', async () => {
    const held = await lab.run(['nft', 'list', 'chain', 'inet', 'postern', 'kernel_output']);
    if (kernelPath === 'none') assert.ok(held.stdout.includes(resolver.address), held.stdout + held.stderr);
    for (let index = 0; index < 20; index++) {
      const fresh = lab.talker(namer);
      assert.equal(await fresh.say(`go n${index}.many.example 80`), 'ok', `n${index}`);
      fresh.end();
    }
    const one = lab.talker(namer);
    for (let index = 20; index < 120; index++) {
      assert.equal(await one.say(`go n${index}.many.example 80`), 'ok', `n${index}`);
    }
    one.end();
  });

  test('a port that is used again by another program, while conntrack knows the last question: 50 of 50', async () => {
    const programs = [lab.talker(namer), lab.talker(namer)] as const;
    for (let index = 120; index < 170; index++) {
      const program = programs[index % 2] as Talker;
      assert.equal(await program.say(`askfrom 40123 ${resolver.address} n${index}.many.example`), many[index]);
      assert.equal(await program.say(`to ${many[index]} 80`), 'ok', `n${index}`);
    }
    for (const program of programs) program.end();
  });

  test('when everything is killed, questions pass as the rule says', async () => {
    const program = lab.talker(namer);
    await postern.kill9All();
    assert.equal(await program.say(`ask ${resolver.address} n3.many.example`), many[3]);
    await postern.start();
    assert.equal(await program.say('go n4.many.example 80'), 'ok');
    program.end();
  });
});

describe('names in mode `observe`', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let resolver: Resolver;

  before(async () => {
    lab = await Lab.create();
    resolver = new Resolver(lab);
    await resolver.start([`host-record=site.example,${site},300`]);
    const rule = `{ name: site, action: reject, app: { script: ${namer[1]} }, to: site.example }`;
    postern = await lab.postern({ mode: 'observe', rules: { '10.yaml': `rules:\n  - ${rule}\n` } });
  });
  after(async () => {
    await postern?.stop();
    await lab?.close();
  });

  test('are known for whom asked, and nothing is held', async () => {
    const program = lab.talker(namer);
    // Nothing waits until the program is found: without eBPF it is, while it has the socket.
    assert.equal(await program.say(`askheld ${resolver.address} site.example`), site);
    assert.equal(await program.say(`toheld ${site} 80`), 'ok');
    const [known] = await postern.json<NameView[]>(['names', site]);
    assert.deepEqual([known?.name, known?.asker?.app], ['site.example', namer[1]]);
    const { stdout } = await lab.run(['nft', 'list', 'ruleset']);
    assert.doesNotMatch(stdout, /\bct\b|\bqueue\b|NFQUEUE|\bdrop\b|\breject\b/);
    await postern.until(async () => {
      const log = await postern.json<{ rule: string | null; action: string; enforced: boolean }[]>(['log']);
      return log.some(({ rule, action, enforced }) => rule === 'site' && action === 'reject' && !enforced);
    }, 'the line of what would be refused');
    program.end();
  });
});
