// Rules changed by their text, tried before they are kept, raised to the fence they are an exception to, and versions to go back to.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Served } from '#api/services.ts';
import type { RuleText } from '#model/rule.ts';
import { ruleTrialSchema } from '#model/shown/ruletext.ts';
import { RuleStore } from '#store/rulestore.ts';
import type { GateLink } from '../gatelink.ts';
import { PolicyKeeper } from '../policykeeper.ts';
import { RuleChanges } from '../rulechanges.ts';
import { SettingsFile } from '../settings.ts';
import { RuleTrials } from './ruletrials.ts';

const local = `# mine
rules:
  # The web.
  - name: web # as ever
    action: allow
    app: /usr/bin/curl
    port: 443
  # Last.
  - { name: fence, action: reject, user: 4000000001, priority: 10 }
`;

describe('editing rules', () => {
  let folder: string;
  let keeper: PolicyKeeper;
  let changes: RuleChanges;
  let trials: RuleTrials;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pt-editing-'));
    const rulesDir = join(folder, 'rules.d');
    mkdirSync(rulesDir);
    writeFileSync(join(rulesDir, '50-local.yaml'), local);
    writeFileSync(join(rulesDir, '10-site.yaml'), 'rules:\n  # why\n  - { name: site, action: drop, port: 25 }\n');
    const link = { ask: async () => ({ type: 'applied', request: 0 }) } as unknown as GateLink;
    const store = new RuleStore({ rulesDir, stateDir: folder, bootId: 'boot', now: Date.now });
    keeper = new PolicyKeeper({
      runs: () => [],
      ...{ store, settings: new SettingsFile(folder, () => {}), link: () => link, now: Date.now },
      options: {
        ...{ configDir: folder, stateDir: folder, runtimeDir: folder, mode: undefined },
        ...{
          failMode: 'known',
          forward: false,
          onlyRuns: false,
          holdSeconds: 30,
          foreground: false,
          pagesPort: null,
          remote: null,
        },
      },
      ...{ geo: () => null, lists: () => null, where: () => ({}) },
      chosen: () => ({ failMode: 'known', holdSeconds: 30 }),
      ...{ onProblems: () => {}, onRefused: () => {}, onApplied: () => {}, onRules: () => {} },
    });
    changes = new RuleChanges({
      store,
      keeper,
      now: Date.now,
      onChange: () => {},
      onFiles: () => {},
      here: () => undefined,
    });
    trials = new RuleTrials({ store, keeper, now: Date.now });
    await keeper.reload();
  });
  afterEach(() => {
    keeper.close();
    rmSync(folder, { recursive: true });
  });

  const file = () => readFileSync(join(folder, 'rules.d/50-local.yaml'), 'utf8');
  const must = <T>(served: Served<T>): T => {
    assert.ok(served.ok, served.ok ? '' : served.error.message);
    return served.value;
  };

  test('a rule is shown as its file has it, and says where it can be changed', () => {
    const web = must(trials.text('web'));
    assert.equal(web.text, '# The web.\nname: web # as ever\naction: allow\napp: /usr/bin/curl\nport: 443\n');
    assert.deepEqual([web.line, web.locked], [4, null]);
    const site = must(trials.text('site'));
    assert.equal(site.text, '# why\n{ name: site, action: drop, port: 25 }\n');
    assert.match(site.locked ?? '', /10-site\.yaml, which an administrator writes/);
    assert.match(must(trials.text('builtin-loopback-out')).locked ?? '', /comes with Postern/);
    assert.ok(!trials.text('nobody').ok);
  });

  test('its text is exchanged, comments around and inside stay, and undo brings back each byte', async () => {
    const { text } = must(trials.text('web'));
    const { version } = must(await changes.change(0, 'web', { text: text.replace('443', '[443, 8443] # both') }));
    assert.equal(file(), local.replace('port: 443', 'port: [443, 8443] # both'));
    assert.deepEqual(keeper.records.find(({ rule }) => rule.name === 'web')?.rule.port, [443, 8443]);
    must(await changes.undo(0, version.id));
    assert.equal(file(), local);
  });

  test('a text that is wrong, or names another rule, changes nothing and says where', async () => {
    const wrong = await changes.change(0, 'web', { text: 'name: web\naction: allow\nport: much\n' });
    assert.match(wrong.ok ? '' : wrong.error.message, /^line 3, column 7: rule "web": "port"/);
    const taken = await changes.change(0, 'web', { text: 'name: fence\naction: allow\nport: 443\n' });
    assert.match(taken.ok ? '' : taken.error.message, /same name/);
    assert.ok(!(await changes.change(0, 'site', { text: 'name: site\naction: allow\nport: 25\n' })).ok);
    assert.equal(file(), local);
  });

  test('a text is tried in the place of the rule: where it stands, what it decides, whether its tests hold', () => {
    const attempt = { app: '/usr/bin/curl', to: '192.0.2.7:80' } as const;
    const { text } = must(trials.text('web'));
    const tests = `tests:\n  - { app: /usr/bin/curl, to: "192.0.2.7:80", expect: allow }\n  - { app: /usr/bin/wget, to: "192.0.2.7:80", expect: reject }\n`;
    const now = trials.try({ attempt });
    assert.equal(now.decision?.rule, null);
    const tried = trials.try({ text: `${text.replace('443', '80')}${tests}`, replaces: 'web', attempt });
    ruleTrialSchema.parse(tried);
    assert.deepEqual([tried.decision?.action, tried.decision?.rule, tried.of], ['allow', 'web', now.of]);
    assert.deepEqual([tried.tests?.passed, tried.tests?.failed.length], [1, 1]);
    assert.match(tried.tests?.failed[0]?.message ?? '', /test 2 of rule "web" expects reject, and the mode/);
    assert.deepEqual(trials.try({ attempt }), now, 'nothing was changed');
  });

  test('what is wrong is told, and no decision is made of it', () => {
    const tried = trials.try({ text: 'name: web\naction: alow\n', replaces: 'web' });
    assert.deepEqual(
      tried.problems.map(({ line, column }) => [line, column]),
      [[2, 9]],
    );
    assert.deepEqual([tried.rule, tried.place, tried.tests], [null, null, null]);
    const user = trials.try({ text: 'name: x\naction: allow\nuser: nobody-has-this\n' });
    assert.match(user.problems[0]?.message ?? '', /nobody-has-this/);
    assert.match(trials.try({ attempt: { to: 'lan' } }).attemptProblem ?? '', /no address/);
  });

  test('an exception to a fence gets its priority, from whomever it comes; a trial says that it needs it', async () => {
    const exception: RuleText = { name: 'exception', action: 'allow', user: 4000000001, to: '192.0.2.7' };
    const text = 'name: exception\naction: allow\nuser: 4000000001\nto: 192.0.2.7\n';
    assert.deepEqual([trials.try({ text }).needsPriority, trials.try({ text }).shadowedBy], [10, ['fence']]);
    assert.deepEqual(must(await changes.add(0, exception, 'always')).rules, [{ ...exception, priority: 10 }]);
    const other = { ...exception, name: 'other', user: 4000000002 };
    assert.deepEqual(must(await changes.add(0, other, '15m')).rules, [other]);
  });

  test('what each change did is told, and the rules go back to any of them, and forward again', async () => {
    const add = async (name: string) =>
      must(await changes.add(0, { name, action: 'ask', port: 80 }, 'always')).version.id;
    const first = await add('one');
    const one = file();
    const temporary = must(await changes.add(0, { name: 'short', action: 'ask', port: 81 }, '15m')).version.id;
    const last = await add('two');
    const written = (id: number, to?: number | 'now') =>
      must(changes.difference(id, to)).files.map(({ hunks }) =>
        hunks.flat().flatMap(({ kind, text }) => (kind === 'same' ? [] : [`${kind} ${text.trim()}`])),
      );
    assert.deepEqual(written(last), [['added - name: two', 'added action: ask', 'added port: 80']]);
    assert.equal(must(changes.difference(temporary, undefined)).files[0]?.file, 'temporary rules and answers');
    assert.deepEqual(
      written(first, last).map((lines) => lines.length > 2),
      [true, true],
    );
    assert.deepEqual(written(last, 'now'), []);
    const { made, to } = must(await changes.rollback(0, first));
    assert.deepEqual([to.id, file()], [first, one]);
    assert.ok(!keeper.records.some(({ rule }) => rule.name === 'short'));
    assert.deepEqual(written(last, 'now').length, 2);
    must(await changes.undo(0, made.id));
    assert.ok(['short', 'two'].every((name) => keeper.records.some(({ rule }) => rule.name === name)));
    assert.ok(!(await changes.rollback(0, 99)).ok);
  });
});
