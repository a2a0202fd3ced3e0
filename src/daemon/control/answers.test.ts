// Questions and answers by name in the control plane: what people are shown, what the gate is told, which rules stand then.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Pages } from '#api/pages/pages.ts';
import { Passwords } from '#api/remote/passwords.ts';
import type { EventView, PromptView } from '#model/api.ts';
import type { ControlMessage } from '#model/messages.ts';
import { answerSchema, type Prompt } from '#model/prompt.ts';
import { Journal } from '#store/journal.ts';
import { ListKeeper } from '#store/lists/keeper.ts';
import { SeenNetworks } from '#store/machine/seennetworks.ts';
import { RuleStore } from '#store/rulestore.ts';
import type { ControlOptions } from '../up/options.ts';
import { Control } from './control.ts';
import type { GateLink } from './gatelink.ts';
import { HistoryThread } from './history/thread.ts';
import { PolicyKeeper } from './policykeeper.ts';
import { SettingsFile } from './settings.ts';

const alice = 4_000_000_001;

function prompt(id: string, ...names: string[]): Prompt {
  return {
    ...{ id, opened: 0, deadline: 1, flows: 1, packets: 1, rule: null },
    attempt: {
      process: { exe: '/usr/bin/curl', uid: alice },
      flow: { protocol: 'tcp', remote: { address: '198.51.100.7', port: 443 } },
      names: names.map((name) => ({ name, from: 'dns' as const })),
    },
  };
}

describe('answers by name', () => {
  let folder: string;
  let told: ControlMessage[];
  let opened: number;
  let control: Control;
  let lists: ListKeeper;
  let keeper: PolicyKeeper;
  let journal: Journal;
  let onTold: () => void;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pt-answers-'));
    const rulesDir = join(folder, 'rules.d');
    mkdirSync(rulesDir);
    [told, opened] = [[], 0];
    onTold = () => {};
    const link = {
      ask: async (message: ControlMessage) => {
        told.push(message);
        onTold();
        return { type: 'applied', request: 0 };
      },
    } as unknown as GateLink;
    const options: ControlOptions = {
      ...{ configDir: folder, stateDir: folder, runtimeDir: folder },
      ...{
        failMode: 'known',
        forward: false,
        onlyRuns: false,
        holdSeconds: 30,
        foreground: false,
        pagesPort: null,
        remote: null,
      },
    };
    const passwords = new Passwords({ read: () => undefined, write: () => {} });
    const parts = {
      store: new RuleStore({ rulesDir, stateDir: folder, bootId: 'boot', now: Date.now }),
      settings: new SettingsFile(folder, () => {}),
      options,
      link: () => link,
      pages: new Pages({ version: '0', now: Date.now, passwords }),
      now: Date.now,
    } as const;
    keeper = new PolicyKeeper({
      runs: () => [],
      ...parts,
      geo: () => null,
      lists: () => null,
      where: () => ({}),
      chosen: () => ({ failMode: 'known', holdSeconds: 30 }),
      onProblems: () => {},
      onRefused: () => {},
      onApplied: () => {},
      onRules: () => {},
    });
    await keeper.reload();
    const journalFile = join(folder, 'journal.sqlite');
    journal = new Journal({
      ...{ file: journalFile, maxAgeMs: 1e9, maxBytes: 1e8, now: Date.now },
      onNotice: () => {},
    });
    lists = new ListKeeper({
      ...{ configDir: folder, stateDir: folder, now: Date.now },
      onChange: () => {},
      onNotice: () => {},
    });
    control = new Control({
      history: new HistoryThread(journalFile),
      ...parts,
      lists,
      checkups: { report: async () => ({ ok: false, error: 'nobody looks' }) },
      geo: { placeOf: () => ({ country: 'DE', as: 13335 }), sources: () => ({ countries: null, networks: null }) },
      resolvers: { hasName: () => false, hasAddress: () => false },
      settingsFile: join(folder, 'settings.yaml'),
      networks: {
        file: join(folder, 'networks.yaml'),
        seen: new SeenNetworks(join(folder, 'networks.json'), () => {}),
      },
      ...{ version: '0', journal, journalFile, keeper, say: () => {}, describe: () => '' },
    });
  });
  afterEach(() => {
    control.close();
    keeper.close();
    lists.close();
    journal.close();
    rmSync(folder, { recursive: true });
  });

  const open = (...names: string[]) => {
    opened += 1;
    control.gateMessage({ type: 'prompt-opened', prompt: prompt(`k0-${opened}`, ...names) });
  };
  const answer = (scope: object, lifetime = 'always') =>
    control.answer(alice, `k0-${opened}`, answerSchema.parse({ action: 'allow', scope, lifetime }), true);
  const toldNames = () => told.flatMap((message) => (message.type === 'answer' ? [message.name] : []));
  const rules = () =>
    keeper.records.filter(({ origin }) => origin === 'answer').map(({ rule }) => [rule.to, rule.user]);

  test('a question has the names that a rule can ask for, each with its domain, also one that comes later', () => {
    const heard: EventView[] = [];
    control.follow(undefined, alice, (event) => heard.push(event));
    open('printer.lan', '*.com', 'WWW.example.com', 'www.example.co.uk', 'printer.lan');
    assert.deepEqual(control.prompts(alice)[0]?.names, [
      { name: 'printer.lan', from: 'dns', domain: null },
      { name: 'www.example.co.uk', from: 'dns', domain: 'example.co.uk' },
    ]);
    control.gateMessage({ type: 'prompt-changed', prompt: prompt('k0-1', 'late.example.com', 'printer.lan') });
    const [last] = heard.slice(-1) as [EventView];
    assert.equal(last.type, 'prompt-changed');
    assert.deepEqual((last.data as PromptView).names[0], {
      name: 'late.example.com',
      from: 'dns',
      domain: 'example.com',
    });
  });

  test('by default the rule and the gate go by the newest name, and the others are said', async () => {
    open('www.example.co.uk', 'old.example.org');
    const answered = await answer({});
    assert.ok(answered.ok);
    assert.deepEqual([answered.value.name, answered.value.otherNames], ['www.example.co.uk', ['old.example.org']]);
    assert.deepEqual(toldNames(), ['www.example.co.uk']);
    assert.deepEqual(rules(), [['www.example.co.uk', alice]]);
  });

  test('by domain both go by the registered domain of the name that was meant', async () => {
    open('a.example.org', 'www.example.co.uk', 'mail.example.co.uk');
    const answered = await answer({ to: 'domain', name: 'www.example.co.uk' });
    assert.ok(answered.ok);
    assert.deepEqual([answered.value.name, answered.value.otherNames], ['.example.co.uk', ['a.example.org']]);
    assert.deepEqual(toldNames(), ['.example.co.uk']);
    assert.deepEqual(rules(), [['.example.co.uk', alice]]);
  });

  test('once makes no rule, and still the gate judges by that name alone', async () => {
    open('www.example.co.uk');
    assert.ok((await answer({}, 'once')).ok);
    assert.deepEqual([toldNames(), rules()], [['www.example.co.uk'], []]);
  });

  test('for the address, for anywhere and without a name the gate is told none', async () => {
    for (const [names, scope, to] of [
      [['www.example.co.uk'], { to: 'destination' }, '198.51.100.7'],
      [['www.example.co.uk'], { to: 'any' }, undefined],
      [[], {}, '198.51.100.7'],
    ] as const) {
      told = [];
      open(...names);
      const answered = await answer(scope, '15m');
      assert.ok(answered.ok);
      assert.deepEqual([answered.value.name, answered.value.rules[0]?.to, toldNames()], [null, to, [undefined]]);
    }
  });

  const list = async (name: string, ...lines: string[]) => {
    const source = join(folder, `${name}.txt`);
    writeFileSync(source, lines.join('\n'));
    assert.deepEqual(await lists.add(name, { source }), { ok: true, value: undefined });
  };

  test('for a list the rule goes by the list, and the gate by the names that are in it', async () => {
    await list('ads', 'ads.example.com', 'track.example.org');
    open('ads.example.com', 'fine.example.net', 'track.example.org');
    assert.deepEqual(control.prompts(alice)[0]?.lists, [
      { list: 'ads', name: 'ads.example.com' },
      { list: 'ads', name: 'track.example.org' },
    ]);
    const answered = await answer({ to: 'list' });
    assert.ok(answered.ok, JSON.stringify(answered));
    assert.deepEqual([answered.value.name, answered.value.otherNames], ['list:ads', ['fine.example.net']]);
    assert.deepEqual(toldNames(), ['ads.example.com', 'track.example.org']);
    assert.deepEqual(rules(), [['list:ads', alice]]);
  });

  test('where the list has the address itself, all of the question is judged', async () => {
    await list('bad', '198.51.100.0/24', 'ads.example.com');
    open('ads.example.com', 'fine.example.net');
    const answered = await answer({ to: 'list', list: 'bad' }, 'once');
    assert.ok(answered.ok);
    assert.deepEqual([answered.value.otherNames, toldNames(), rules()], [[], [undefined], []]);
  });

  test('of several lists one is chosen, and no list that has it not', async () => {
    await list('ads', 'ads.example.com');
    await list('bad', 'ads.example.com');
    await list('other', 'unasked.example.com');
    open('ads.example.com');
    told = [];
    for (const [scope, message] of [
      [{ to: 'list' }, /Several lists have 198\.51\.100\.7; choose ads or bad\./],
      [
        { to: 'list', list: 'other' },
        /The list other does not have 198\.51\.100\.7 or one of its names; choose ads or bad/,
      ],
      [{ to: 'list', list: 'ads', name: 'ads.example.com' }, /leave the name out/],
      [{ list: 'ads' }, /Only an answer for a list says which list/],
    ] as const) {
      const answered = await answer(scope);
      assert.ok(!answered.ok && message.test(answered.error.message), JSON.stringify(answered));
    }
    assert.deepEqual([toldNames(), rules()], [[], []]);
    assert.ok((await answer({ to: 'list', list: 'bad' })).ok);
    assert.deepEqual(rules(), [['list:bad', alice]]);
    open('fine.example.net');
    const none = await answer({ to: 'list' });
    assert.ok(!none.ok && /No list has 198\.51\.100\.7 or one of its names/.test(none.error.message));
  });

  test('it is told who answered, also where no rule was made', async () => {
    const events: EventView[] = [];
    const stop = control.follow(undefined, undefined, (event) => events.push(event));
    open('fine.example.net');
    const closed = {
      type: 'prompt-closed',
      id: `k0-${opened}`,
      outcome: 'answered',
      action: 'allow',
      time: 1,
    } as const;
    onTold = () => control.gateMessage(closed);
    assert.ok((await answer({}, 'once')).ok);
    open('fine.example.net');
    control.gateMessage({ ...closed, id: `k0-${opened}`, outcome: 'deadline' });
    stop();
    const ends = events.filter(({ type }) => type === 'prompt-closed').map(({ data }) => (data as { by?: string }).by);
    assert.deepEqual(ends, [keeper.userName(alice) ?? `uid ${alice}`, undefined]);
  });

  test('a name that it has not, and a domain that is none, are refused before anything happens', async () => {
    open('printer.lan');
    told = [];
    for (const [scope, message] of [
      [{ name: 'www.example.co.uk' }, /is not called www\.example\.co\.uk; choose printer\.lan/],
      [{ to: 'domain' }, /lies in no registered domain/],
    ] as const) {
      for (const lifetime of ['once', 'always']) {
        const answered = await answer(scope, lifetime);
        assert.ok(!answered.ok && message.test(answered.error.message), JSON.stringify(answered));
      }
    }
    assert.deepEqual([told, rules()], [[], []]);
  });
});
