// All rules that do not come with Postern: files, and the temporary ones that answers make. Every change can be undone.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
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

/** Why an edit was refused: `missing` no such rule; `conflict` it cannot be so; `storage` the disk. */
export interface EditError {
  readonly kind: 'missing' | 'conflict' | 'storage';
  readonly message: string;
}

const temporarySchema = z.strictObject({ bootId: z.string(), records: z.array(ruleRecordSchema) });

/** What an edit may change, and what a version remembers. */
const snapshotSchema = z.strictObject({
  local: z.string(),
  temporary: z.array(ruleRecordSchema),
  /** Other files of the configuration that people change through Postern, by name; empty where there is none. */
  files: z.record(z.string(), z.string()).optional(),
});
type Snapshot = z.infer<typeof snapshotSchema>;

const versionSchema = z.strictObject({
  id: z.int(),
  time: z.number(),
  uid: z.int(),
  what: z.string(),
  /** The run of the kernel that it was made in; rules until reboot do not come back in another. */
  bootId: z.string().optional(),
  before: snapshotSchema,
  /** Left out by earlier versions of Postern. */
  after: snapshotSchema.optional(),
});

export interface Version {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Who. */
  readonly uid: number;
  /** A sentence. */
  readonly what: string;
}

const maxVersions = 200;

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

  constructor(options: RuleStoreOptions) {
    this.#options = options;
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
      .filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'))
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
    const before: Snapshot = { local: text, temporary: this.temporary(), files: this.#otherFiles() };
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
    return this.#put(uid, what, before, { local: after, temporary: draft.temporary, files: draft.files });
  }

  #put(uid: number, what: string, before: Snapshot, after: Snapshot): Result<Version, EditError> {
    try {
      const version = this.#remember(uid, what, before, after);
      this.#writeTemporary(after.temporary);
      // Where nothing changed, nothing is written: a file that is not there is not made.
      if (after.local !== before.local) this.#write(this.#path(localFileName), after.local);
      for (const [name, path] of Object.entries(this.#options.files ?? {})) {
        const text = after.files?.[name];
        if (text !== undefined && text !== before.files?.[name]) this.#write(path, text);
      }
      return ok(version);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return fail({ kind: 'storage', message: `the rules could not be written: ${why}` });
    }
  }

  #write(path: string, text: string): void {
    writeAtomically(path, text);
    chmodSync(path, 0o644);
  }

  #otherFiles(): Record<string, string> {
    const files = Object.entries(this.#options.files ?? {});
    return Object.fromEntries(files.map(([name, path]) => [name, readIfThere(path) ?? '']));
  }

  get #versionsDir(): string {
    return join(this.#options.stateDir, 'versions');
  }

  #versionIds(): number[] {
    mkdirSync(this.#versionsDir, { recursive: true });
    return readdirSync(this.#versionsDir)
      .map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN))
      .filter(Number.isInteger)
      .sort((a, b) => a - b);
  }

  #remember(uid: number, what: string, before: Snapshot, after: Snapshot): Version {
    const id = (this.#versionIds().at(-1) ?? 0) + 1;
    const version: Version = { id, time: this.#options.now(), uid, what };
    const { bootId } = this.#options;
    const kept = `${JSON.stringify({ ...version, bootId, before, after })}\n`;
    writeAtomically(join(this.#versionsDir, `${id}.json`), kept);
    for (const old of this.#versionIds().slice(0, -maxVersions)) {
      rmSync(join(this.#versionsDir, `${old}.json`), { force: true });
    }
    return version;
  }

  /** The changes made through Postern, newest first. */
  versions(): Version[] {
    return this.#versionIds()
      .slice(-maxVersions)
      .reverse()
      .flatMap((id) => this.#version(id) ?? [])
      .map(bare);
  }

  #version(id: number): z.infer<typeof versionSchema> | undefined {
    const text = readIfThere(join(this.#versionsDir, `${id}.json`));
    const parsed = versionSchema.safeParse(parseJson(text ?? ''));
    return parsed.success ? parsed.data : undefined;
  }

  /** Puts back what was before version `id` (the last one by default). That is a change too, and can be undone. */
  undo(uid: number, id?: number): Result<{ readonly undone: Version; readonly made: Version }, EditError> {
    const undone = this.#version(id ?? this.#versionIds().at(-1) ?? 0);
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
    const { local, temporary, files } = to;
    return this.#put(uid, what, this.#now(), { local, temporary: temporary.filter(alive), ...(files && { files }) });
  }

  #now(): Snapshot {
    return {
      local: readIfThere(this.#path(localFileName)) ?? '',
      temporary: this.temporary(),
      files: this.#otherFiles(),
    };
  }

  /** How a change left the rules. What earlier versions of Postern did not write down is how the next one found them. */
  #after(version: z.infer<typeof versionSchema>): Snapshot {
    const next = () => this.#versionIds().find((id) => id > version.id);
    return version.after ?? this.#version(next() ?? 0)?.before ?? this.#now();
  }

  /** Has the rules as the change `id` left them. That is a change too, and can be undone. */
  rollback(uid: number, id: number): Result<{ readonly to: Version; readonly made: Version }, EditError> {
    const to = this.#version(id);
    if (to === undefined) return fail({ kind: 'missing', message: `there is no version ${id}` });
    const made = this.#restore(uid, `went back to change ${id}: ${to.what}`, this.#after(to), to.bootId);
    return made.ok ? ok({ to: bare(to), made: made.value }) : made;
  }

  /** What a change did; with `to`, what is different between how it left the rules and how that one did, or how they are now. */
  difference(id: number, to?: number | 'now'): Result<StoreDifference, EditError> {
    const [from, until] = [this.#version(id), typeof to === 'number' ? this.#version(to) : undefined];
    if (from === undefined) return fail({ kind: 'missing', message: `there is no version ${id}` });
    if (typeof to === 'number' && until === undefined) {
      return fail({ kind: 'missing', message: `there is no version ${to}` });
    }
    const before = to === undefined ? from.before : this.#after(from);
    const after = until !== undefined ? this.#after(until) : to === 'now' ? this.#now() : this.#after(from);
    const files = [
      { file: this.#path(localFileName), before: before.local, after: after.local },
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

const bare = ({ id, time, uid, what }: Version): Version => ({ id, time, uid, what });

/** Rules that stand in no file, as if they did. */
function asText(records: readonly RuleRecord[]): string {
  const lasting = ({ rule, lifetime, expires }: RuleRecord) => ({
    ...rule,
    lifetime,
    ...(expires !== undefined && { expires: new Date(expires).toISOString() }),
  });
  return records.length === 0 ? '' : stringify(records.map(lasting), { lineWidth: 0 });
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
