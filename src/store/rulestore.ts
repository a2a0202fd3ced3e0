// All rules that do not come with Postern: files, and the temporary ones that answers make. Every change can be undone.
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type RuleRecord, ruleRecordSchema } from '#model/rule.ts';
import {
  type Diagnostic,
  formatDiagnostic,
  maxRuleFileBytes,
  type ParsedRuleFile,
  parseRuleFile,
} from '#policy/index.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { readIfThere, writeAtomically } from './atomicfile.ts';
import { LocalFile, localFileName } from './localfile.ts';
import { ruleTextIn } from './ruletext.ts';
import { isRuleFileName, type RuleTexts, readableRuleTexts, readRuleTexts, stateOf } from './versions/ruletexts.ts';
import { bare, type KeptVersion, type Known, type Snapshot, type Version, Versions } from './versions/versions.ts';

/** Why an edit was refused: `missing` no such rule; `conflict` it cannot be so; `storage` the disk. */
export interface EditError {
  readonly kind: 'missing' | 'conflict' | 'storage';
  readonly message: string;
}

const temporarySchema = z.strictObject({ bootId: z.string(), records: z.array(ruleRecordSchema) });

/** A draft that an edit changes. */
export interface Draft {
  readonly local: LocalFile;
  temporary: RuleRecord[];
  /** As they stand: networks.yaml and settings.yaml. */
  readonly files: Record<string, string>;
}

export interface RuleStoreOptions {
  readonly rulesDir: string;
  readonly stateDir: string;
  /** Paths of other files that edits may change and undo puts back; by their names. */
  readonly files?: Readonly<Record<string, string>>;
  /** Names this run of the kernel: /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  readonly now: () => number;
}

export class RuleStore {
  readonly #options: RuleStoreOptions;
  readonly #versions: Versions;

  constructor(options: RuleStoreOptions) {
    this.#options = options;
    this.#versions = new Versions(options.stateDir);
  }

  get rulesDir(): string {
    return this.#options.rulesDir;
  }

  #path(name: string): string {
    return join(this.#options.rulesDir, name);
  }

  /** Every rule file as it stands now, with what is wrong in it. A file that cannot be read is a diagnostic too. */
  files(): ParsedRuleFile[] {
    const { rulesDir } = this.#options;
    let names: string[];
    try {
      names = readdirSync(rulesDir);
    } catch (error) {
      return [unreadable(rulesDir, error)];
    }
    return names
      .filter(isRuleFileName)
      .sort()
      .map((name) => readRuleFile(this.#path(name), name === localFileName ? 'local' : 'file'));
  }

  /** The text of a rule as this file has it now, with its line; undefined where it does not. */
  ruleText(file: string, name: string): { readonly text: string; readonly line: number } | undefined {
    const source = readIfThere(file);
    return source === undefined || source.length > maxRuleFileBytes ? undefined : ruleTextIn(source, name);
  }

  /** As it would stand in a file. */
  writtenRule(rule: RuleRecord['rule']): string {
    return stringify(rule, { lineWidth: 0 });
  }

  /** Rules that stand in no file: those with a lifetime that still live, and what answers made for always. */
  temporary(): RuleRecord[] {
    const text = readIfThere(this.#temporaryFile);
    if (text === undefined) return [];
    const parsed = temporarySchema.safeParse(parseJson(text));
    if (!parsed.success) return [];
    const sameBoot = parsed.data.bootId === this.#options.bootId;
    return parsed.data.records.filter((record) => {
      if (record.expires !== undefined) return record.expires > this.#options.now();
      return sameBoot || record.lifetime === 'always';
    });
  }

  get #temporaryFile(): string {
    return join(this.#options.stateDir, 'temporary.json');
  }

  #writeTemporary(records: readonly RuleRecord[]): void {
    writeAtomically(this.#temporaryFile, `${JSON.stringify({ bootId: this.#options.bootId, records })}\n`);
  }

  /** Lets `change` work on a draft and puts it in place; the error leaves all as it was. */
  edit(uid: number, what: string, change: (draft: Draft) => Result<void, EditError>): Result<Version, EditError> {
    const text = readIfThere(this.#path(localFileName)) ?? '';
    const parsed = parseRuleFile(text, this.#path(localFileName), 'local');
    const broken = parsed.diagnostics.find(({ severity }) => severity === 'error');
    if (broken !== undefined) {
      return fail({ kind: 'conflict', message: `mend the file first: ${formatDiagnostic(broken)}` });
    }
    this.noticeFiles();
    const present = this.#present();
    if (!present.ok) return present;
    const before: Snapshot = { ...present.value, local: text };
    const draft: Draft = {
      local: new LocalFile(text),
      temporary: [...before.temporary],
      files: { ...before.files },
    };
    const changed = change(draft);
    if (!changed.ok) return changed;
    // What nobody touched stays as it was written.
    const untouched = draft.local.toString() === new LocalFile(text).toString();
    const after = untouched ? text : draft.local.toString();
    const wrong = parseRuleFile(after, localFileName, 'local').diagnostics.find(({ severity }) => severity === 'error');
    if (wrong !== undefined) return fail({ kind: 'conflict', message: wrong.message });
    return this.#put(uid, what, before, {
      ...before,
      ...{ local: after, temporary: draft.temporary, files: draft.files },
    });
  }

  /** The rule files as they stand, and what names this state. */
  texts(): Result<{ readonly texts: RuleTexts; readonly state: string }, EditError> {
    try {
      const texts = readRuleTexts(this.rulesDir);
      return ok({ texts, state: stateOf(texts) });
    } catch (error) {
      return fail({ kind: 'storage', message: `the rules cannot be read: ${sentenceOf(error)}` });
    }
  }

  /** Puts these rule files in the place of all there are, byte by byte. */
  replace(uid: number, what: string, texts: RuleTexts): Result<Version, EditError> {
    const noticed = this.noticeFiles();
    if (!noticed.ok) return noticed;
    const present = this.#present();
    if (!present.ok) return present;
    const { [localFileName]: local = '', ...others } = texts;
    try {
      const after = { ...present.value, local, rules: this.#versions.keepTexts(others) };
      return this.#put(uid, what, present.value, after);
    } catch (error) {
      return fail(notWritten(error));
    }
  }

  #present(): Result<Snapshot, EditError> {
    try {
      return ok(this.#now());
    } catch (error) {
      return fail(notWritten(error));
    }
  }

  /**
   * Makes a version of what was changed in the files by hand since Postern left them; undefined where nothing was. Whose it is,
   * the file's owner says. What Postern finds at its first start is no change.
   */
  noticeFiles(): Result<Version | undefined, EditError> {
    try {
      const { temporary, ...now } = this.#now();
      const { known } = this.#versions;
      if (known === undefined) this.#versions.setKnown(now);
      const changed = known === undefined ? [] : changedFiles(known, now);
      const [first] = changed;
      if (known === undefined || first === undefined) return ok(undefined);
      const more = changed.length > 1 ? ` and ${changed.length - 1} more` : '';
      const what = `changed ${first} by hand${more}`;
      const version = this.#remember(this.#ownerOf(first), what, { ...known, temporary }, { ...now, temporary });
      this.#versions.setKnown(now);
      return ok(version);
    } catch (error) {
      return fail({
        kind: 'storage',
        message: `what was changed in the files could not be kept: ${sentenceOf(error)}`,
      });
    }
  }

  /** Of a file that is gone, the owner of its folder. What is Postern's own only root could have changed beside it. */
  #ownerOf(name: string): number {
    const paths = [this.#options.files?.[name] ?? this.#path(name), this.rulesDir];
    const uid = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.uid).find((one) => one !== undefined);
    return uid === undefined || uid === process.geteuid?.() ? 0 : uid;
  }

  #put(uid: number, what: string, before: Snapshot, after: Snapshot): Result<Version, EditError> {
    let version: Version | undefined;
    try {
      // Read before anything is written: a text that was lost must not leave half of the files.
      const rules = this.#textsOf(after.rules ?? {});
      version = this.#remember(uid, what, before, after);
      this.#writeFiles(before, after, rules);
      return ok(version);
    } catch (error) {
      if (version !== undefined) this.#putBack(version, before, after);
      return fail(notWritten(error));
    }
  }

  #writeFiles(before: Snapshot, after: Snapshot, rules: RuleTexts): void {
    this.#writeTemporary(after.temporary);
    // Where nothing changed, nothing is written: a file that is not there is not made.
    if (after.local !== before.local) this.#write(this.#path(localFileName), after.local);
    for (const [name, path] of Object.entries(this.#options.files ?? {})) {
      const text = after.files?.[name];
      if (text !== undefined && text !== before.files?.[name]) this.#write(path, text);
    }
    for (const [name, text] of Object.entries(rules)) {
      if (after.rules?.[name] !== before.rules?.[name]) this.#write(this.#path(name), text);
    }
    const gone = after.rules === undefined ? [] : Object.keys(before.rules ?? {}).filter((name) => !(name in rules));
    for (const name of gone) rmSync(this.#path(name), { force: true });
    const { temporary: _, ...known } = { ...before, ...after };
    this.#versions.setKnown(known);
  }

  /** Where a disk is full in the middle of several files, none of them is to hold. */
  #putBack({ id }: Version, before: Snapshot, after: Snapshot): void {
    try {
      this.#versions.forget(id);
      this.#writeFiles({ ...before, ...after }, before, this.#textsOf(before.rules ?? {}));
    } catch {
      // What can be read of it is noticed as a change by hand.
    }
  }

  #textsOf(rules: Readonly<Record<string, string>>): RuleTexts {
    return Object.fromEntries(
      Object.entries(rules).map(([name, hash]) => {
        const text = this.#versions.text(hash);
        if (text === undefined) throw new Error(`what ${name} was then is lost`);
        return [name, text];
      }),
    );
  }

  #write(path: string, text: string): void {
    writeAtomically(path, text);
    chmodSync(path, 0o644);
  }

  #otherFiles(): Record<string, string> {
    const files = Object.entries(this.#options.files ?? {});
    return Object.fromEntries(files.map(([name, path]) => [name, readIfThere(path) ?? '']));
  }

  #remember(uid: number, what: string, before: Snapshot, after: Snapshot): Version {
    const { bootId, now } = this.#options;
    return this.#versions.remember({ time: now(), uid, what, bootId, before, after });
  }

  /** The changes that there were, newest first. */
  versions(): Version[] {
    return this.#versions.list();
  }

  /** Puts back what was before version `id` (the last one by default). That is a change too, and can be undone. */
  undo(uid: number, id?: number): Result<{ readonly undone: Version; readonly made: Version }, EditError> {
    const noticed = this.noticeFiles();
    if (!noticed.ok) return noticed;
    const undone = this.#versions.get(id ?? this.#versions.ids().at(-1) ?? 0);
    if (undone === undefined) {
      return fail({
        kind: 'missing',
        message: id === undefined ? 'nothing was changed yet' : `there is no version ${id}`,
      });
    }
    const made = this.#restore(uid, `undid: ${undone.what}`, undone.before, undone.bootId);
    return made.ok ? ok({ undone: bare(undone), made: made.value }) : made;
  }

  /** Rules that lived until reboot come back only within the run of the kernel that they were made in. */
  #restore(uid: number, what: string, to: Snapshot, bootId: string | undefined): Result<Version, EditError> {
    const alive = ({ lifetime, expires }: RuleRecord) =>
      bootId === this.#options.bootId || lifetime === 'always' || expires !== undefined;
    const present = this.#present();
    if (!present.ok) return present;
    return this.#put(uid, what, present.value, { ...to, temporary: to.temporary.filter(alive) });
  }

  /** A rule file that cannot be read is not in it, and no undo touches it. */
  #now(): Snapshot {
    const { [localFileName]: local = '', ...others } = readableRuleTexts(this.rulesDir);
    return { local, temporary: this.temporary(), files: this.#otherFiles(), rules: this.#versions.keepTexts(others) };
  }

  /** How a change left the rules. What earlier versions of Postern did not write down is how the next one found them. */
  #after(version: KeptVersion): Snapshot {
    const next = () => this.#versions.ids().find((id) => id > version.id);
    return version.after ?? this.#versions.get(next() ?? 0)?.before ?? this.#now();
  }

  /** Has the rules as the change `id` left them. That is a change too, and can be undone. */
  rollback(uid: number, id: number): Result<{ readonly to: Version; readonly made: Version }, EditError> {
    const noticed = this.noticeFiles();
    if (!noticed.ok) return noticed;
    const to = this.#versions.get(id);
    if (to === undefined) return fail({ kind: 'missing', message: `there is no version ${id}` });
    const made = this.#restore(uid, `went back to change ${id}: ${to.what}`, this.#after(to), to.bootId);
    return made.ok ? ok({ to: bare(to), made: made.value }) : made;
  }

  #ruleFiles(before: Snapshot, after: Snapshot): StoreDifference['files'] {
    if (before.rules === undefined || after.rules === undefined) return [];
    const names = [...new Set([...Object.keys(before.rules), ...Object.keys(after.rules)])].sort();
    const text = (hash: string | undefined) => (hash === undefined ? '' : (this.#versions.text(hash) ?? ''));
    return names
      .filter((name) => before.rules?.[name] !== after.rules?.[name])
      .map((name) => ({
        file: this.#path(name),
        before: text(before.rules?.[name]),
        after: text(after.rules?.[name]),
      }));
  }

  /** What a change did; with `to`, what is different between how it left the rules and how that one did, or how they are now. */
  difference(id: number, to?: number | 'now'): Result<StoreDifference, EditError> {
    const [from, until] = [this.#versions.get(id), typeof to === 'number' ? this.#versions.get(to) : undefined];
    if (from === undefined) return fail({ kind: 'missing', message: `there is no version ${id}` });
    if (typeof to === 'number' && until === undefined) {
      return fail({ kind: 'missing', message: `there is no version ${to}` });
    }
    const before = to === undefined ? from.before : this.#after(from);
    const after = until !== undefined ? this.#after(until) : to === 'now' ? this.#now() : this.#after(from);
    const files = [
      { file: this.#path(localFileName), before: before.local, after: after.local },
      ...this.#ruleFiles(before, after),
      { file: 'temporary rules and answers', before: asText(before.temporary), after: asText(after.temporary) },
      ...Object.entries(this.#options.files ?? {}).map(([name, file]) => ({
        file,
        before: before.files?.[name] ?? '',
        after: after.files?.[name] ?? '',
      })),
    ];
    return ok({ from: bare(from), to: until === undefined ? (to === 'now' ? to : null) : bare(until), files });
  }
}

/** Two texts of each file that versions remember. */
export interface StoreDifference {
  readonly from: Version;
  readonly to: Version | 'now' | null;
  readonly files: readonly { readonly file: string; readonly before: string; readonly after: string }[];
}

/** Rules that stand in no file, as if they did. */
function asText(records: readonly RuleRecord[]): string {
  const lasting = ({ rule, lifetime, expires }: RuleRecord) => ({
    ...rule,
    lifetime,
    ...(expires !== undefined && { expires: new Date(expires).toISOString() }),
  });
  return records.length === 0 ? '' : stringify(records.map(lasting), { lineWidth: 0 });
}

const notWritten = (error: unknown): EditError => ({
  kind: 'storage',
  message: `the rules could not be written: ${sentenceOf(error)}`,
});

const sentenceOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Names of the files that differ. */
function changedFiles(known: Known, now: Known): string[] {
  const maps = [
    [known.rules ?? {}, now.rules ?? {}],
    [known.files ?? {}, now.files ?? {}],
  ] as const;
  const differing = maps.flatMap(([before, after]) =>
    [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]),
  );
  return [...(known.local === now.local ? [] : [localFileName]), ...differing];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(file: string, error: unknown): ParsedRuleFile {
  const message = `it cannot be read: ${error instanceof Error ? error.message : error}`;
  const diagnostic: Diagnostic = { file, line: 1, column: 1, severity: 'error', message };
  return { file, records: [], disabled: [], diagnostics: [diagnostic] };
}

/** Looks at the size before reading. */
export function readRuleFile(path: string, origin: 'file' | 'local'): ParsedRuleFile {
  try {
    const status = statSync(path);
    // A pipe or a device could keep its reader for ever.
    if (!status.isFile()) return unreadable(path, new Error('it is no file'));
    const { size } = status;
    if (size > maxRuleFileBytes) {
      return unreadable(path, new Error(`it has ${size} bytes, and a rule file may have ${maxRuleFileBytes}`));
    }
    return parseRuleFile(readFileSync(path, 'utf8'), path, origin);
  } catch (error) {
    return unreadable(path, error);
  }
}
