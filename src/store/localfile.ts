// Edits of 50-local.yaml, the file that the command line and the pages write: comments and order stay as they are.
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import type { RuleText } from '#model/rule.ts';
import { ok, type Result } from '#std/result.ts';
import { withRuleText } from './ruletext.ts';

export const localFileName = '50-local.yaml';

const opening = `# Rules made with \`postern rule\` and by answers to questions. You may edit this file too; comments are kept.
`;

type Items = YAMLSeq<YAMLMap>;

export class LocalFile {
  #document: Document;
  /** The file, where nothing but whole texts of rules was exchanged. */
  #text: string | undefined;

  /** `text` must be a rule file without errors, or empty. */
  constructor(text: string) {
    this.#document = parseDocument(text.trim() === '' ? `${opening}rules: []\n` : text);
    if (!isMap(this.#document.contents)) this.#document.contents = this.#document.createNode({ rules: [] }) as never;
    this.#text = text;
  }

  #list(key: 'rules' | 'disabled'): Items {
    this.#text = undefined;
    const found = this.#document.get(key);
    if (isSeq(found)) {
      found.flow = false;
      return found as Items;
    }
    const made = this.#document.createNode([]) as Items;
    this.#document.set(key, made);
    return made;
  }

  #indexOf(name: string): number {
    const rules: unknown = this.#document.get('rules');
    return isSeq(rules) ? rules.items.findIndex((item) => isMap(item) && item.get('name') === name) : -1;
  }

  has(name: string): boolean {
    return this.#indexOf(name) >= 0;
  }

  /** As they stand, in their order. */
  rules(): RuleText[] {
    return this.#list('rules').items.map((item) => item.toJSON() as RuleText);
  }

  add(rule: RuleText): void {
    this.#list('rules').add(this.#document.createNode(rule) as YAMLMap);
  }

  /** Keeps the comments before and inside the rule where its keys stay. */
  replace(name: string, rule: RuleText): void {
    const item = this.#list('rules').items[this.#indexOf(name)];
    if (!isMap(item)) return;
    const wanted = new Map(Object.entries(rule).filter(([, value]) => value !== undefined));
    for (const pair of [...item.items]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (!wanted.has(key)) item.delete(key);
    }
    for (const [key, value] of wanted) {
      const before = item.get(key, true);
      const same = JSON.stringify(isScalar(before) ? before.value : before) === JSON.stringify(value);
      if (!same) item.set(key, this.#document.createNode(value));
    }
  }

  /** Puts this YAML in the place of the rule, and touches nothing else. */
  setText(name: string, text: string): Result<void> {
    const made = withRuleText(this.toString(), name, text);
    if (!made.ok) return made;
    this.#text = made.value;
    this.#document = parseDocument(made.value);
    return ok(undefined);
  }

  remove(name: string): void {
    this.#list('rules').delete(this.#indexOf(name));
  }

  /** Switches off, or on again, a rule that stands elsewhere: a built-in one or one of another file. */
  setDisabled(name: string, disabled: boolean): void {
    if (!disabled && !isSeq(this.#document.get('disabled'))) return;
    const names = this.#list('disabled');
    const at = names.items.findIndex((item) => isScalar(item) && item.value === name);
    if (disabled && at < 0) names.add(this.#document.createNode(name) as never);
    if (!disabled && at >= 0) names.delete(at);
    if (names.items.length === 0) this.#document.delete('disabled');
  }

  toString(): string {
    return this.#text ?? this.#document.toString({ lineWidth: 120 });
  }
}
