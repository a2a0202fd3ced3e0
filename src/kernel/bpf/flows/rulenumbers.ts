// Numbers by which the kernel names what decided: a rule or the mode, with the action and the `log` rules that match.
import type { Decision } from '#model/decision.ts';
import { maxRuleNumbers } from './layout.ts';

export interface Numbered {
  readonly number: number;
  readonly rule: string | null;
  readonly action: 'allow' | 'reject' | 'drop';
  readonly logged: readonly string[];
}

export class RuleNumbers {
  readonly #byText = new Map<string, Numbered>();
  readonly #byNumber: Numbered[] = [];

  /** undefined when there is no number left. */
  of(decision: Decision, action: Numbered['action']): Numbered | undefined {
    const text = JSON.stringify([decision.rule, action, decision.logged]);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (this.#byNumber.length >= maxRuleNumbers) return undefined;
    const { rule, logged } = decision;
    const fresh: Numbered = { number: this.#byNumber.length, rule, action, logged };
    this.#byText.set(text, fresh);
    this.#byNumber.push(fresh);
    return fresh;
  }

  get(number: number): Numbered | undefined {
    return this.#byNumber[number];
  }

  all(): readonly Numbered[] {
    return this.#byNumber;
  }
}
