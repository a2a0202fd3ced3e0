// Every change of the rules, as it was before and after: what undo puts back, also after a restart.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ruleRecordSchema } from '#model/rule.ts';
import { readIfThere, writeAtomically } from '../atomicfile.ts';
import { hashOf, type RuleTexts } from './ruletexts.ts';

const textsSchema = z.record(z.string(), z.string());

/** All that versions remember. */
const snapshotSchema = z.strictObject({
  local: z.string(),
  temporary: z.array(ruleRecordSchema),
  /** Other files of the configuration that people change through Postern, by name; empty where there is none. */
  files: textsSchema.optional(),
  /** The other rule files, each with the hash of its text. Earlier versions of Postern did not keep them. */
  rules: textsSchema.optional(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

const knownSchema = snapshotSchema.omit({ temporary: true });
/** How the files were left: by the last version, or when Postern looked first. */
export type Known = z.infer<typeof knownSchema>;

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
export type KeptVersion = z.infer<typeof versionSchema>;

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
/** Texts of rule files beside the versions from which on it is looked which of them no version has any more. */
const manyTexts = 64;

export class Versions {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'versions');
  }

  get #texts(): string {
    return join(this.#folder, 'texts');
  }

  ids(): number[] {
    mkdirSync(this.#folder, { recursive: true });
    return readdirSync(this.#folder)
      .map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN))
      .filter(Number.isInteger)
      .sort((a, b) => a - b);
  }

  /** The newest first. */
  list(): Version[] {
    return this.ids()
      .slice(-maxVersions)
      .reverse()
      .flatMap((id) => this.get(id) ?? [])
      .map(bare);
  }

  get(id: number): KeptVersion | undefined {
    const text = readIfThere(join(this.#folder, `${id}.json`));
    const parsed = versionSchema.safeParse(parseJson(text));
    return parsed.success ? parsed.data : undefined;
  }

  remember(version: Omit<KeptVersion, 'id'>): Version {
    const id = (this.ids().at(-1) ?? 0) + 1;
    const kept: KeptVersion = { id, ...version };
    writeAtomically(join(this.#folder, `${id}.json`), `${JSON.stringify(kept)}\n`);
    const old = this.ids().slice(0, -maxVersions);
    for (const one of old) rmSync(join(this.#folder, `${one}.json`), { force: true });
    if (old.length > 0) this.#forgetTexts();
    return bare(kept);
  }

  /** One that came to nothing. */
  forget(id: number): void {
    rmSync(join(this.#folder, `${id}.json`), { force: true });
  }

  /** The files as they were left last; undefined before that was ever said. */
  get known(): Known | undefined {
    const parsed = knownSchema.safeParse(parseJson(readIfThere(join(this.#folder, 'known.json'))));
    return parsed.success ? parsed.data : undefined;
  }

  setKnown(known: Known): void {
    mkdirSync(this.#folder, { recursive: true });
    const [file, text] = [join(this.#folder, 'known.json'), `${JSON.stringify(known)}\n`];
    if (readIfThere(file) !== text) writeAtomically(file, text);
  }

  /** Keeps these texts, and gives what a snapshot says of them. */
  keepTexts(texts: RuleTexts): Record<string, string> {
    mkdirSync(this.#texts, { recursive: true });
    const there = new Set(readdirSync(this.#texts));
    return Object.fromEntries(
      Object.entries(texts).map(([name, text]) => {
        const hash = hashOf(text);
        if (!there.has(hash)) writeAtomically(join(this.#texts, hash), text);
        return [name, hash];
      }),
    );
  }

  /** Undefined where it is lost. */
  text(hash: string): string | undefined {
    const text = readIfThere(join(this.#texts, hash));
    return text !== undefined && hashOf(text) === hash ? text : undefined;
  }

  #forgetTexts(): void {
    mkdirSync(this.#texts, { recursive: true });
    const there = readdirSync(this.#texts);
    if (there.length < manyTexts) return;
    const versions = this.ids().flatMap((id) => this.get(id) ?? []);
    const snapshots = [...versions.flatMap(({ before, after }) => [before, after]), this.known];
    const wanted = new Set(snapshots.flatMap((snapshot) => Object.values(snapshot?.rules ?? {})));
    for (const hash of there) if (!wanted.has(hash)) rmSync(join(this.#texts, hash), { force: true });
  }
}

export const bare = ({ id, time, uid, what }: Version): Version => ({ id, time, uid, what });

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
