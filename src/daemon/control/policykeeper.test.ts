// The gate follows what the files say, with no more messages than that takes.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlMessage } from '#model/messages.ts';
import { RuleStore } from '#store/rulestore.ts';
import type { GateLink } from './gatelink.ts';
import { PolicyKeeper } from './policykeeper.ts';
import { SettingsFile } from './settings.ts';

type Sent = Extract<ControlMessage, { type: 'policy' }>;

describe('policy keeper', () => {
  let folder: string;
  let sent: Sent[];
  let names: string[];
  let keeper: PolicyKeeper;
  /** When the gate follows what it was sent. */
  let followed: Promise<unknown>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-keeper-'));
    const rulesDir = join(folder, 'rules.d');
    mkdirSync(rulesDir);
    sent = [];
    followed = sleep(20);
    const link = {
      ask: async (message: Sent) => {
        sent.push(message);
        await followed;
        return { type: 'applied', request: 0 };
      },
    } as unknown as GateLink;
    keeper = new PolicyKeeper({
      runs: () => [],
      store: new RuleStore({ rulesDir, stateDir: folder, bootId: 'boot', now: Date.now }),
      settings: new SettingsFile(folder, () => {}),
      options: {
        ...{ configDir: folder, stateDir: folder, runtimeDir: folder },
        ...{
          mode: undefined,
          failMode: 'known',
          forward: false,
          onlyRuns: false,
          holdSeconds: 30,
          foreground: false,
          pagesPort: null,
          remote: null,
        },
      },
      geo: () => null,
      lists: () => null,
      where: () => ({}),
      chosen: () => ({ failMode: 'known', holdSeconds: 30 }),
      link: () => link,
      now: Date.now,
      onProblems: () => {},
      onRefused: () => {},
      onApplied: () => {},
      onRules: (known) => {
        names = [...known];
      },
    });
  });
  afterEach(() => {
    keeper.close();
    rmSync(folder, { recursive: true });
  });

  const write = (text: string) => writeFileSync(join(folder, 'rules.d/10.yaml'), text);
  const rulesOf = (message: Sent | undefined) =>
    message?.rules.filter(({ origin }) => origin === 'file').map(({ rule }) => rule.name);

  test('a storm of changes is two policies, and the last has the last change', async () => {
    write('rules: [{ name: first, action: allow }]\n');
    let follow = () => {};
    followed = new Promise<void>((resolve) => {
      follow = resolve;
    });
    const all = [keeper.reload()];
    while (sent.length === 0) await sleep(5);
    for (let count = 0; count < 100; count++) {
      write(`rules: [{ name: change-${count}, action: allow }]\n`);
      all.push(keeper.reload());
    }
    follow();
    assert.deepEqual(new Set(await Promise.all(all)), new Set([undefined]));
    assert.ok(sent.length <= 2, `${sent.length} policies were sent`);
    assert.deepEqual(rulesOf(sent.at(-1)), ['change-99']);
  });

  test('whose rules there are is said after each reload, also of those that are switched off', async () => {
    write('rules: [{ name: one, action: allow }, { name: two, action: allow, enabled: false }]\n');
    await keeper.reload();
    assert.ok(names.includes('one') && names.includes('two') && names.includes('builtin-loopback-out'));
    write('rules: [{ name: two, action: allow }]\n');
    await keeper.reload();
    assert.ok(!names.includes('one') && names.includes('two'));
    write('rules: broken\n');
    await keeper.reload();
    assert.ok(names.includes('two'), 'the last good rules');
  });
});
