// Collection: what an import has gathered so far: rules in the order in which they were tried, and what there is to report.
import type { ImportFormat, ImportReport, Left, Trap } from '#model/exchange/reports.ts';
import { type Action, type RuleText, ruleSchema } from '#model/rule.ts';
import { escapeText } from '#std/text.ts';
import { lowerRule } from '../compile/lower.ts';
import { newVocabulary, type Vocabulary } from '../compile/view.ts';
import { levelsOf, maxLevels } from './levels.ts';

/** The conditions of one rule, and what else it says but for its name, action and priority. */
export type Body = Omit<RuleText, 'name' | 'action' | 'priority'>;

/** One rule of the other tool; several bodies are the same as one rule that any of them fulfils. */
export interface Draft {
  /** Where it stands, for people: it comes before the rule as a comment, and into the report. */
  readonly from: string;
  readonly name: string;
  readonly action: Action;
  readonly final: boolean;
  readonly bodies: readonly Body[];
  /** Of a tool that has priorities itself; the order plays no part then. */
  readonly priority?: number | undefined;
}

export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** A rule, and where it came from. */
export interface Imported {
  readonly from: string;
  readonly rule: RuleText;
}

export interface ListSource {
  readonly name: string;
  readonly source: string;
}

export interface ImportedRules {
  readonly imported: readonly Imported[];
  readonly report: ImportReport;
}

const maxName = 110;

/** What stands before a name that a rule cannot have. */
function plainName(wish: string, format: ImportFormat): string {
  const plain = wish
    .replace(/[^\p{L}\p{N} ._:@/+-]+/gu, '-')
    .replace(/^[^\p{L}\p{N}]+|[ -]+$/gu, '')
    .slice(0, maxName)
    .replace(/[\ud800-\udbff]$|[ -]+$/g, '');
  return plain === '' || plain.startsWith('builtin') ? `${format} ${plain}`.trimEnd() : plain;
}

export class Collection {
  readonly #format: ImportFormat;
  readonly #drafts: Draft[] = [];
  readonly #left: Left[] = [];
  readonly #traps: Trap[] = [];
  readonly #lists = new Map<string, string>();
  readonly #listNames = new Map<string, string>();
  readonly #listCounts = new Map<string, number>();
  readonly #taken = new Map<string, number>();
  readonly #vocabulary = newVocabulary();

  constructor(format: ImportFormat) {
    this.#format = format;
  }

  add(draft: Draft): void {
    this.#drafts.push(draft);
  }

  leave(from: string, why: string): void {
    this.#left.push({ from: escapeText(from), why: escapeText(why) });
  }

  trap(from: string | null, text: string): void {
    this.#traps.push({ from: from === null ? null : escapeText(from), text: escapeText(text) });
  }

  /** The name under which rules ask for what is in the folder or file, and for nothing else. */
  list(source: string): string {
    const known = this.#listNames.get(source);
    if (known !== undefined) return known;
    const words = source.toLowerCase().split('/').slice(-2).join('-');
    const plain = words.replace(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+/, '');
    // Room for a number behind it.
    const base = plain.slice(0, 56) || 'list';
    const number = (this.#listCounts.get(base) ?? 0) + 1;
    this.#listCounts.set(base, number);
    const name = number === 1 ? base : `${base}-${number}`;
    // What was numbered may be another one's own name.
    if (this.#lists.has(name)) return this.list(source);
    this.#lists.set(name, source);
    this.#listNames.set(source, name);
    return name;
  }

  /** The rules with the priorities that keep their order, each of them one that a rule file may hold. */
  finish(): ImportedRules {
    const kept = this.#drafts.filter((draft) => this.#holds(draft));
    const levels = levelsOf(kept);
    const imported: Imported[] = [];
    const carried: ImportReport['carried'] = [];
    for (const [index, draft] of kept.entries()) {
      const priority = draft.priority ?? levels[index];
      if (priority === undefined) {
        this.leave(
          draft.from,
          `it comes after ${maxLevels - 1} changes between allowing and refusing, and there are no more priorities to keep its place`,
        );
        continue;
      }
      const from = escapeText(draft.from);
      const rules = draft.bodies.map((body) => this.#ruleOf(draft, priority, body));
      carried.push({ from, rules: rules.map(({ name }) => name) });
      for (const rule of rules) imported.push({ from, rule });
    }
    const asked = new Set(
      imported.flatMap(({ rule }) => [rule.to ?? []].flat().filter((place) => place.startsWith('list:'))),
    );
    const lists = [...this.#lists]
      .filter(([name]) => asked.has(`list:${name}`))
      .map(([name, source]) => ({ name, source }));
    const rules = imported.map(({ rule }) => rule);
    const report = { format: this.#format, rules, lists, carried, left: this.#left, traps: this.#traps, files: [] };
    return { imported, report };
  }

  #ruleOf({ name, action }: Draft, priority: number, body: Body): RuleText {
    const { enabled, ...rest } = body;
    return { name: this.#free(name), action, priority, ...(enabled !== undefined && { enabled }), ...rest };
  }

  #free(wish: string): string {
    const base = plainName(wish, this.#format);
    for (let number = this.#taken.get(base) ?? 1; ; number++) {
      const name = number === 1 ? base : `${base} -${number}`;
      if (this.#taken.has(name)) continue;
      this.#taken.set(base, number + 1);
      if (number > 1) this.#taken.set(name, 1);
      return name;
    }
  }

  /** Whether the policy takes it: what it would refuse with an error is left, with that error as the reason. */
  #holds({ from, action, bodies }: Draft): boolean {
    if (bodies.length === 0) {
      this.leave(from, 'its conditions can never hold together');
      return false;
    }
    for (const body of bodies) {
      const why = errorOf({ name: 'rule', action, ...body }, this.#vocabulary);
      if (why === undefined) continue;
      this.leave(from, why);
      return false;
    }
    return true;
  }
}

function errorOf(rule: RuleText, vocabulary: Vocabulary): string | undefined {
  const parsed = ruleSchema.safeParse(rule);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `no rule can say it: ${issue?.path.join('.')}: ${issue?.message}`;
  }
  const accounts = { users: {}, groups: {} };
  const context = {
    accounts,
    vocabulary,
    aliases: {},
    disabled: new Set<string>(),
    places: undefined,
  };
  const { issues } = lowerRule({ rule: parsed.data, origin: 'file' }, context);
  const error = issues.find(({ severity }) => severity === 'error');
  return error === undefined ? undefined : `no rule can say it: ${error.message}`;
}
