// One app put together: from the journal, the rules, the sockets that wait, and what is found out of its file.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '#model/connection.ts';
import type { ControlMessage } from '#model/messages.ts';
import { appDetailsSchema } from '#model/shown/appdetails.ts';
import { compilePolicy, parseRuleFile } from '#policy/index.ts';
import { readAppFiles } from '#store/apps/read.ts';
import { Journal } from '#store/journal.ts';
import { appDetails } from './appdetails.ts';
import { ProgramFacts } from './programfacts.ts';

describe('an app', () => {
  let folder: string;
  let program: string;
  let journal: Journal;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-shown-'));
    program = join(folder, 'tool');
    writeFileSync(program, 'one');
    journal = new Journal({
      ...{ file: join(folder, 'journal.sqlite'), maxAgeMs: 1e12, maxBytes: 1e9, now: Date.now },
      onNotice: (text) => assert.fail(text),
    });
  });
  afterEach(() => {
    journal.close();
    rmSync(folder, { recursive: true });
  });

  function connection(id: number, more: Partial<Connection['attempt']['process']> = {}): Connection {
    const { dev, ino, ctimeNs } = statSync(program, { bigint: true });
    const identity = { device: `${dev}`, inode: `${ino}`, generation: '0', ctime: `${ctimeNs}` };
    return {
      ...{ id: `a-${id}`, time: id, lastTime: id, action: 'allow', enforced: true, rule: null, reason: 'mode' },
      ...{ revision: 1, logged: [], evidence: [], packets: 1, heldMs: 0 },
      attempt: {
        process: {
          exe: program,
          pid: process.pid,
          uid: 1000,
          image: { path: program, state: 'host', identity },
          ...more,
        },
        flow: { protocol: 'tcp', direction: 'out', remote: { address: '192.0.2.7', port: 443 } },
      },
    };
  }

  const rules = (text: string) => {
    const { records } = parseRuleFile(text, 'x.yaml');
    return compilePolicy(records, { revision: 1, mode: 'ask', accounts: { users: {}, groups: {} } }).policy;
  };
  const details = (link: (message: ControlMessage) => unknown, uid?: number) =>
    appDetails(
      {
        ...{ journal, now: Date.now, link: () => ({ ask: async (message: ControlMessage) => link(message) }) as never },
        keeper: {
          policy: rules(`rules:
  - { name: tool, action: allow, app: ${program}, user: 1000 }
  - { name: secret, action: allow, app: ${program} }
  - { name: other, action: allow, app: /usr/bin/other }
  - { name: any, action: reject, to: lan }
`),
          userName: (id: number) => (id === 1000 ? 'alice' : undefined),
        } as never,
      },
      'tool',
      uid,
      new Set(['secret']),
    );

  test('is what the journal, the rules and the gate say of it together', async () => {
    journal.connection(connection(1));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const asked: number[] = [];
    const found = await details((message) => {
      const sockets = message.type === 'holders' ? message.sockets : [];
      asked.push(sockets.length);
      // As a gate would that finds this program behind each.
      return {
        type: 'holders',
        request: 0,
        holders: sockets.map(({ inode }) => ({ inode, processes: [{ exe: program, uid: 1000 }] })),
      };
    });
    server.close();
    assert.ok(found.ok);
    const app = appDetailsSchema.parse(found.value);
    assert.deepEqual(
      app.rules.map(({ name, named, sure }) => [name, named, sure]),
      [
        ['tool', true, true],
        ['any', false, true],
      ],
    );
    assert.deepEqual([app.files[0]?.path, app.files[0]?.user, app.files[0]?.sha256], [program, 'alice', null]);
    assert.match(app.files[0]?.unknown ?? '', /replaced before it was read/);
    assert.ok(app.listeners?.some((one) => one.port === port && one.protocol === 'tcp' && one.address === '127.0.0.1'));
    assert.equal(asked.length, 1);
  });

  test('without a gate where it listens is not known, and a user sees no other user’s', async () => {
    journal.connection(connection(1));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const found = await details(() => undefined);
    server.close();
    assert.ok(found.ok);
    assert.equal(found.value.listeners, null);
    assert.match(found.value.listenersUnknown ?? '', /the gate is away/);
    const other = await details(() => undefined, 1001);
    assert.ok(!other.ok && other.error.code === 'not-found');
  });

  test('each version of its file is read once, and has its hash', async () => {
    const facts = new ProgramFacts(journal);
    const see = (id: number) => {
      const one = connection(id);
      journal.connection(one);
      facts.see(one.attempt.process);
    };
    const hashes = () => readAppFiles(journal, 'tool', undefined, 9).map(({ sha256 }) => sha256);
    const until = async (count: number) => {
      for (let tries = 0; tries < 200 && hashes().filter((hash) => hash !== null).length < count; tries += 1)
        await sleep(50);
    };
    see(1);
    await until(1);
    see(2);
    writeFileSync(program, 'two, which is longer');
    see(3);
    await until(2);
    const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
    assert.deepEqual(hashes().sort(), [sha256('one'), sha256(readFileSync(program))].sort());
    facts.close();
  });
});
