// The rule sets of this folder: realistic policies with what their author means as tests in the files, against the
// policy and against the reference, with the built-in rules.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { type Mode, modes } from '#model/mode.ts';
import { ipv4 } from '#model/net/address.ts';
import {
  attemptFromConditions,
  builtinRules,
  completeAccounts,
  formatDiagnostic,
  mergeRuleFiles,
  parseRuleFile,
  runRuleTests,
} from '#policy/index.ts';
import { referenceDecide } from '#policy/reference.ts';

const folder = new URL('.', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const now = Date.UTC(2026, 10, 24);
// 192.0.2.53 is the configured resolver of the sets.
const builtin = builtinRules({ resolvers: [ipv4(0xc0000235)] });

test('there are at least 15 rule sets', () => assert.ok(files.length >= 15));

for (const name of files.sort()) {
  test(name, () => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const mode = /^# mode: (\w+)\n/.exec(text)?.[1] as Mode;
    assert.ok(modes.includes(mode), 'the first line says the mode');
    const merged = mergeRuleFiles([parseRuleFile(text, name)], builtin);
    assert.deepEqual(merged.diagnostics.map(formatDiagnostic), []);
    const context = { revision: 1, mode, accounts: { users: {}, groups: {} }, now };
    const { passed, failed } = runRuleTests(merged.records, context);
    assert.deepEqual(
      failed.map(({ message, explanation }) => [message, explanation?.trace]),
      [],
    );
    assert.ok(passed >= 5, 'a set has at least five tests');
    const accounts = completeAccounts(context.accounts, merged.records);
    for (const { rule } of merged.records) {
      for (const one of rule.tests ?? []) {
        const attempt = attemptFromConditions(one, accounts);
        assert.ok(attempt.ok);
        const decision = referenceDecide(merged.records, { ...context, accounts }, attempt.value, now);
        assert.equal(decision.action, one.expect, `${rule.name}: ${JSON.stringify(one)}`);
      }
    }
  });
}

test('the example of docs/rules.md is right, and its tests pass', () => {
  const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  const [, text] = /```yaml\n(rules:[\s\S]*?)```/.exec(page) ?? [];
  assert.ok(text !== undefined);
  const merged = mergeRuleFiles([parseRuleFile(text, 'docs/rules.md')], builtin);
  assert.deepEqual(merged.diagnostics.map(formatDiagnostic), []);
  const accounts = { users: {}, groups: {} };
  const example = { revision: 1, mode: 'lockdown', accounts, disabled: merged.disabled, now } as const;
  const { passed, failed } = runRuleTests(merged.records, example);
  assert.deepEqual({ passed, failed }, { passed: 1, failed: [] });
});

test('every built-in rule stands in docs/rules.md', () => {
  const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  for (const { rule } of builtin) {
    const known = page.includes(rule.name) || page.includes(`\`${rule.name.replace(/^builtin-[a-z0-9]+/, '')}\``);
    assert.ok(known, `${rule.name} is not in the page`);
  }
});
