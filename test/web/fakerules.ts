// The fake server's rules as text: tried and exchanged by the code of the real one, on rules that are made up.

import { stringify } from 'yaml';
import type { RuleView } from '#model/api.ts';
import type { RuleRecord } from '#model/rule.ts';
import type { TryRule } from '#model/shown/ruletext.ts';
import { formatRule } from '#policy/index.ts';
import { differenceOf } from '#std/difference.ts';
import { readRuleText } from '#store/ruletext.ts';
import { RuleTrials } from '../../src/daemon/control/rules/ruletrials.ts';

interface Version {
  readonly id: number;
}

export class FakeRules {
  readonly #rules: () => readonly RuleView[];
  readonly #texts = new Map<string, string>();

  constructor(rules: () => readonly RuleView[]) {
    this.#rules = rules;
  }

  #text({ name, rule }: RuleView): string {
    return this.#texts.get(name) ?? `# Why there is this rule.\n${stringify(rule)}`;
  }

  #records(): RuleRecord[] {
    // What is made up with no condition is for nobody, and not for everything.
    const meant = ({ rule }: RuleView) => (Object.keys(rule).length > 2 ? rule : { ...rule, to: '203.0.113.99' });
    return this.#rules().map((view) => ({
      rule: this.#texts.has(view.name) ? (readRuleText(this.#text(view)).rule ?? view.rule) : meant(view),
      origin: view.origin,
      ...(view.source !== null && { source: view.source }),
    }));
  }

  #trials(): RuleTrials {
    const records = this.#records();
    return new RuleTrials({
      store: {
        ruleText: (_: string, name: string) => {
          const view = this.#rules().find((one) => one.name === name);
          return view && { text: this.#text(view), line: view.source?.line ?? 1 };
        },
        writtenRule: (rule: object) => stringify(rule),
      } as never,
      keeper: {
        records,
        contextFor: () => ({
          mode: 'ask',
          accounts: { users: { alice: 1000 }, groups: {} },
          disabled: new Set(),
          aliases: {},
        }),
      } as never,
      now: Date.now,
    });
  }

  text(name: string) {
    return this.#trials().text(name);
  }

  try(what: TryRule) {
    return this.#trials().try(what);
  }

  /** The rule with this text; undefined where the text is wrong. */
  put(name: string, text: string): RuleView | undefined {
    const { rule } = readRuleText(text);
    const view = this.#rules().find((one) => one.name === name);
    if (rule === undefined || view === undefined) return undefined;
    this.#texts.delete(name);
    this.#texts.set(rule.name, text);
    return {
      ...view,
      name: rule.name,
      action: rule.action,
      rule,
      text: formatRule(rule),
      enabled: rule.enabled !== false,
    };
  }

  /** What a made-up change did to a made-up file. */
  difference(from: Version, to: unknown) {
    const before = '# Ours.\nrules:\n  - name: lan\n    action: allow\n    to: lan\n  - name: old\n    action: drop\n';
    const after = before
      .replace('to: lan', 'to: [lan, "list:<script>alert(1)</script>"] # wider')
      .replace(/ {2}- name: old\n.*\n/, '');
    const hunks = differenceOf(before, to === 'now' ? before : after);
    const file = '/etc/postern/rules.d/50-local.yaml';
    const count = (kind: string) => hunks.flat().filter((line) => line.kind === kind).length;
    return {
      from,
      to: to ?? null,
      files: hunks.length === 0 ? [] : [{ file, added: count('added'), removed: count('removed'), hunks }],
    };
  }
}
