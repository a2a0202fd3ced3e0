// The lists that there are: brought up to date, built into one flat file for the policy, with the last good copy of each kept.
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Covering, type ListSet, parseLists } from '#lists/flat.ts';
import { listVersion } from '#lists/layout.ts';
import type { ListReport } from '#lists/read.ts';
import type { PlaceFile } from '#model/messages.ts';
import { type Address, parseAddress } from '#model/net/address.ts';
import type { ListChange, ListDefinition, ListHit, ListView } from '#model/net/list.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { readIfThere, writeAtomically } from '../atomicfile.ts';
import { fileVersion, placeFile } from '../fileversion.ts';
import { runTask } from '../task.ts';
import { builtinSource } from './builtin.ts';
import { type Definitions, DefinitionsFolder } from './definitions.ts';
import { type FetchOptions, fetchList, type Validators } from './fetch.ts';
import type { ListAnswer, ListTask } from './worker.ts';

/** What is kept of a list beside its content. */
interface State extends Validators {
  readonly checked: number;
  readonly updated: number;
  readonly failure?: string | undefined;
  readonly report?: ListReport | undefined;
  readonly source: string;
}

export interface ListKeeperPlan {
  /** Lists that are there without being added; lists.d says only what of them is switched off. */
  readonly builtin?: ReadonlyMap<string, ListDefinition>;
  readonly configDir: string;
  readonly stateDir: string;
  readonly now: () => number;
  /** Another flat file is to be used; ends when it is, and so does what changed the lists. */
  onChange(): Promise<void> | void;
  onNotice(text: string): void;
  /** For tests: certificates to believe. */
  readonly fetch?: FetchOptions;
}

/** How old a list from the network may be before it is asked for again, and how often that is looked at. */
const lookMs = 15 * 60 * 1000;
const maxHeapMb = 2048;

export class ListKeeper {
  readonly definitions: DefinitionsFolder;
  readonly #plan: ListKeeperPlan;
  readonly #folder: string;
  readonly #flat: string;
  readonly #timer: NodeJS.Timeout;
  #lists: ReadonlyMap<string, ListDefinition> = new Map();
  #told = '';
  /** One change after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #open: { readonly version: string; readonly set: ListSet } | undefined;
  /** What the lists have in common, of the set that was asked for last. */
  #overlaps: { readonly set: ListSet; readonly both: Uint32Array } | undefined;

  /** A list that was looked at within this time is not looked at again by itself. */
  maxAgeMs = 24 * 3600 * 1000;

  constructor(plan: ListKeeperPlan) {
    this.#plan = plan;
    this.definitions = new DefinitionsFolder(plan.configDir);
    this.#folder = join(plan.stateDir, 'lists');
    this.#flat = join(plan.stateDir, 'lists.bin');
    mkdirSync(this.#folder, { recursive: true });
    this.#timer = setInterval(() => void this.#inTurn(() => this.#refresh()), lookMs).unref();
  }

  /** Reads lists.d anew; what is new or changed there is fetched. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      this.#readDefinitions();
      await this.#refresh();
    });
  }

  #readDefinitions(): void {
    const { lists, problems } = this.#withBuiltin(this.definitions.read());
    this.#lists = lists;
    const told = problems.join('\n');
    if (told !== this.#told) for (const problem of problems) this.#plan.onNotice(problem);
    this.#told = told;
  }

  /** Those of the folder first. A file there cannot have a built-in list come from elsewhere. */
  #withBuiltin({ lists, problems }: Definitions): Definitions {
    const { builtin = new Map() } = this.#plan;
    const all = new Map([...lists].filter(([name]) => !builtin.has(name)));
    const wrong = [...problems];
    for (const [name, definition] of builtin) {
      const file = lists.get(name);
      if (file === undefined || file.source === builtinSource) {
        all.set(name, { ...definition, enabled: file?.enabled, off: file?.off });
        continue;
      }
      all.set(name, definition);
      const path = join(this.definitions.folder, `${name}.yaml`);
      wrong.push(
        `${path}: the list "${name}" comes with Postern, so this file does not count; give yours another name.`,
      );
    }
    return { lists: all, problems: wrong };
  }

  #isBuiltin(name: string): boolean {
    return this.#plan.builtin?.has(name) === true;
  }

  /** The flat file of the lists that are switched on; null where there is none. */
  current(): PlaceFile | null {
    return placeFile(this.#flat);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Fetches what was never read, comes from elsewhere now, is a file, or is older than `maxAgeMs`; and builds anew where something changed. */
  async #refresh(): Promise<void> {
    const now = this.#plan.now();
    for (const [name, definition] of this.#lists) {
      const state = this.#state(name);
      const fresh = state !== undefined && state.source === definition.source && now - state.checked < this.maxAgeMs;
      if (definition.enabled !== false && (!fresh || definition.source.startsWith('/')))
        await this.#update(name, definition);
    }
    await this.#build();
  }

  #content(name: string): string {
    return join(this.#folder, `${name}.list`);
  }

  /** Changes with the content; undefined where there is none. */
  #contentMark(name: string): string | undefined {
    return fileVersion(this.#content(name));
  }

  #state(name: string): State | undefined {
    try {
      return JSON.parse(readIfThere(join(this.#folder, `${name}.json`)) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  }

  #keep(name: string, state: State): void {
    this.#write(join(this.#folder, `${name}.json`), JSON.stringify(state));
  }

  /** What cannot be noted is done again the next time. */
  #write(file: string, text: string): void {
    try {
      writeAtomically(file, text);
    } catch (error) {
      this.#plan.onNotice(`${file} could not be written: ${error instanceof Error ? error.message : error}.`);
    }
  }

  /** Undefined when it is up to date; otherwise a sentence, and what was there stays. */
  async #update(name: string, definition: ListDefinition): Promise<string | undefined> {
    const now = this.#plan.now();
    const before = this.#state(name);
    // Without its content, what the server says of a change is of no use.
    const same =
      before?.source === definition.source && before.report !== undefined && this.#contentMark(name) !== undefined;
    const fetched = await fetchList(definition, { ...this.#plan.fetch, ...(same && { validators: before }) });
    const failed = (failure: string) => {
      const known = before ?? { checked: 0, updated: 0, source: definition.source };
      this.#keep(name, { ...known, failure });
      this.#plan.onNotice(`The list "${name}" could not be updated, and what was there stays. ${failure}`);
      return failure;
    };
    if (!fetched.ok) return failed(fetched.error);
    if (!fetched.value.changed) {
      if (before !== undefined) this.#keep(name, { ...before, checked: now, failure: undefined });
      return undefined;
    }
    const { bytes, validators } = fetched.value;
    const beside = `${this.#content(name)}.new`;
    try {
      writeFileSync(beside, bytes);
    } catch (error) {
      rmSync(beside, { force: true });
      return failed(`It cannot be kept: ${error instanceof Error ? error.message : error}.`);
    }
    const read = await this.#work({
      type: 'build',
      lists: [{ name, file: beside, off: [] }],
      key: [0, 0],
      output: undefined,
    });
    const [report] = read.ok ? (read.value as readonly ListReport[]) : [];
    if (report === undefined || report.names + report.addresses === 0) {
      rmSync(beside, { force: true });
      const why =
        report === undefined
          ? (read as { error: string }).error
          : `it has no entry that can be used, of ${report.skipped} lines`;
      return failed(`${definition.source}: ${why}.`);
    }
    const changed = !same || !sameBytes(this.#content(name), bytes);
    rmSync(beside, { force: true });
    if (changed) {
      try {
        writeAtomically(this.#content(name), bytes);
      } catch (error) {
        return failed(`It cannot be kept: ${error instanceof Error ? error.message : error}.`);
      }
    }
    const updated = changed ? now : before.updated;
    this.#keep(name, { ...validators, checked: now, updated, report, source: definition.source });
    return undefined;
  }

  /** Writes the flat file where it would be another one. */
  async #build(): Promise<void> {
    const lists = [...this.#lists].flatMap(([name, { enabled, off = [] }]) => {
      const content = this.#contentMark(name);
      return enabled === false || content === undefined ? [] : [{ name, off, content }];
    });
    // By the content itself, not by what is noted of it: a crash may have come between the two.
    const madeOf = JSON.stringify({ version: listVersion, lists });
    const mark = `${this.#flat}.of`;
    if (madeOf === readIfThere(mark) && (lists.length === 0 || this.current() !== null)) return;
    if (lists.length === 0) {
      rmSync(this.#flat, { force: true });
    } else {
      const files = lists.map(({ name, off }) => ({ name, off, file: this.#content(name) }));
      const built = await this.#work({
        type: 'build',
        lists: files,
        key: [randomInt(2 ** 32), randomInt(2 ** 32)],
        output: this.#flat,
      });
      if (!built.ok) {
        this.#plan.onNotice(`The lists could not be put together, and those of before stay: ${built.error}.`);
        return;
      }
    }
    this.#write(mark, madeOf);
    await this.#plan.onChange();
  }

  #work(task: ListTask): Promise<ListAnswer> {
    return runTask(
      join(import.meta.dirname, 'worker.ts'),
      task,
      maxHeapMb,
      (why) => why ?? 'the thread that reads lists ended early',
    );
  }

  views(): Omit<ListView, 'rules' | 'hits'>[] {
    return [...this.#lists].map(([name, { source, enabled = true, off = [] }]) => {
      const { checked = 0, updated = 0, failure = null, report } = this.#state(name) ?? {};
      const { format = null, names = 0, addresses = 0, skipped = 0, examples = [] } = report ?? {};
      const times = { checked: checked || null, updated: updated || null };
      return {
        name,
        source,
        origin: this.#isBuiltin(name) ? ('builtin' as const) : ('added' as const),
        enabled,
        format,
        names,
        addresses,
        skipped,
        examples: [...examples],
        off,
        overlaps: this.#overlapsOf(name),
        ...times,
        failure,
      };
    });
  }

  /** Defines and fetches it; a list of which nothing can be read is not kept. */
  add(name: string, definition: ListDefinition): Promise<Result<void>> {
    return this.#inTurn(async () => {
      this.#readDefinitions();
      if (this.#isBuiltin(name)) return fail(`the list "${name}" comes with Postern; give yours another name`);
      if (this.#lists.has(name)) return fail(`there is a list "${name}" already; see \`postern lists show ${name}\``);
      const failure = await this.#update(name, definition);
      if (failure !== undefined) {
        this.#forget(name);
        return fail(failure);
      }
      this.definitions.write(name, definition);
      this.#readDefinitions();
      await this.#build();
      return ok(undefined);
    });
  }

  #forget(name: string): void {
    rmSync(this.#content(name), { force: true });
    rmSync(join(this.#folder, `${name}.json`), { force: true });
  }

  remove(name: string): Promise<Result<void>> {
    return this.#of(name, async () => {
      if (this.#isBuiltin(name))
        return fail(
          `the list "${name}" comes with Postern and cannot be removed; \`postern lists disable ${name}\` switches it off`,
        );
      this.definitions.remove(name);
      this.#forget(name);
      return ok(undefined);
    });
  }

  change(name: string, { enabled, entry }: ListChange): Promise<Result<void>> {
    return this.#of(name, async (definition) => {
      const off = new Set(definition.off ?? []);
      if (entry?.on === true) off.delete(entry.text);
      else if (entry !== undefined) off.add(entry.text);
      const source = this.#isBuiltin(name) ? builtinSource : definition.source;
      this.definitions.write(name, { ...definition, source, ...(enabled !== undefined && { enabled }), off: [...off] });
      return ok(undefined);
    });
  }

  /** Asks for it anew, or for all that are switched on. */
  update(name: string | undefined): Promise<Result<void>> {
    if (name !== undefined) {
      return this.#of(name, async (definition) => {
        const failure = await this.#update(name, definition);
        return failure === undefined ? ok(undefined) : fail(failure);
      });
    }
    return this.#inTurn(async () => {
      this.#readDefinitions();
      const failures: string[] = [];
      for (const [one, definition] of this.#lists) {
        if (definition.enabled === false) continue;
        const failure = await this.#update(one, definition);
        if (failure !== undefined) failures.push(failure);
      }
      await this.#build();
      return failures.length === 0 ? ok(undefined) : fail(failures.join('\n'));
    });
  }

  #of(name: string, work: (definition: ListDefinition) => Promise<Result<void>>): Promise<Result<void>> {
    return this.#inTurn(async () => {
      this.#readDefinitions();
      const definition = this.#lists.get(name);
      if (definition === undefined) return fail(`there is no list "${name}"`);
      const done = await work(definition);
      this.#readDefinitions();
      await this.#build();
      return done;
    });
  }

  #overlapsOf(name: string): { list: string; names: number }[] {
    const set = this.#lists.size < 2 ? undefined : this.#opened();
    const own = set?.number(name);
    if (set === undefined || own === undefined) return [];
    if (this.#overlaps?.set !== set) this.#overlaps = { set, both: set.overlaps() };
    const { both } = this.#overlaps;
    return set.rows
      .map((row, other) => ({ list: row.name, names: both[own * set.rows.length + other] ?? 0 }))
      .filter(({ list, names }) => names > 0 && list !== name);
  }

  /** Which lists have the name or address, by which entry, on which line. */
  async test(text: string): Promise<readonly ListHit[]> {
    const set = this.#opened();
    if (set === undefined) return [];
    const address = parseAddress(text);
    const name = text.toLowerCase().replace(/\.$/, '');
    const found = address === undefined ? set.find(name) : coveringAddress(set, address, text);
    const hits: ListHit[] = [];
    for (const { list, entry, kind } of found) {
      const known = set.rows[list]?.name;
      if (known === undefined) continue;
      const line = await this.#work({ type: 'line', file: this.#content(known), entry });
      hits.push({
        list: known,
        entry,
        line: line.ok && typeof line.value === 'number' ? line.value : null,
        excepted: found.some((other) => other.list === list && other.kind === 'except') || kind === 'except',
      });
    }
    return hits;
  }

  /** The lists that have the name or address, without where. */
  having(text: string): readonly string[] {
    const set = this.#opened();
    if (set === undefined) return [];
    const address = parseAddress(text);
    const name = text.toLowerCase().replace(/\.$/, '');
    const names = set.rows.map((row) => row.name);
    return names.filter((_, list) => (address === undefined ? set.has(list, name) : set.hasAddress(list, address)));
  }

  #opened(): ListSet | undefined {
    const now = this.current();
    if (now === null) return undefined;
    if (this.#open?.version === now.version) return this.#open.set;
    const parsed = parseLists(readFileSync(now.file));
    if (!parsed.ok) {
      this.#plan.onNotice(`The lists cannot be read: ${parsed.error}.`);
      return undefined;
    }
    this.#open = { version: now.version, set: parsed.value };
    return parsed.value;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function coveringAddress(set: ListSet, address: Address, text: string): readonly Covering[] {
  return set.findAddress(address).map((list) => ({ list, entry: text, kind: 'exact' }));
}

function sameBytes(file: string, bytes: Buffer): boolean {
  try {
    return readFileSync(file).equals(bytes);
  } catch {
    return false;
  }
}
