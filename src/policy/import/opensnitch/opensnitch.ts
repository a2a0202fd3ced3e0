// OpenSnitch: its rules, one JSON file each, in the order in which it tries them.
import type { Prefix } from '#model/net/address.ts';
import { escapeText } from '#std/text.ts';
import { Collection, type ImportedRules, type TextFile } from '../collection.ts';
import { compare } from './comparisons.ts';
import { ListFolders, type ReadFolder } from './listfolders.ts';
import { field, flagField, isObject, type Operator, readOldList, readOperator, textField } from './operator.ts';
import { network, Ports } from './values.ts';

export interface OpenSnitchRules {
  readonly files: readonly TextFile[];
  /** network_aliases.json, where there is one. */
  readonly aliases?: TextFile | undefined;
  readonly readFolder: ReadFolder;
  /** What was found out about ports already, where several imports share it. */
  readonly ports?: Ports | undefined;
}

interface Read {
  readonly file: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly final: boolean;
  readonly action: 'allow' | 'reject' | 'drop';
  readonly description: string;
  readonly operator: Operator;
}

/** `deny` swallows the packet there, and `reject` answers it. */
const actions = new Map([
  ['allow', 'allow'],
  ['deny', 'drop'],
  ['reject', 'reject'],
] as const);

export function importOpenSnitch({ files, aliases, readFolder, ports = new Ports() }: OpenSnitchRules): ImportedRules {
  const collection = new Collection('opensnitch');
  const byName = new Map<string, Read>();
  for (const file of [...files].sort((a, b) => compareBytes(a.name, b.name))) {
    const read = readRule(file, collection);
    if (read === undefined) continue;
    const before = byName.get(read.name);
    if (before !== undefined) {
      collection.leave(before.file, `${file.name} has the same name "${read.name}", and OpenSnitch keeps the last one`);
    }
    byName.set(read.name, read);
  }
  const context = {
    ports,
    lists: new ListFolders(collection, readFolder),
    aliases: readAliases(aliases, collection),
  };
  const caseless: string[] = [];
  let byHost = 0;
  for (const read of [...byName.values()].sort((a, b) => compareBytes(a.name, b.name))) {
    const compared = compare(read.operator, context);
    if (!compared.ok) {
      collection.leave(read.file, compared.error);
      continue;
    }
    const { bodies, traps } = compared.value;
    for (const trap of traps) collection.trap(read.file, trap);
    if (compared.value.caseless.length > 0) caseless.push(read.name);
    if (JSON.stringify(read.operator).includes('"dest.host"')) byHost += 1;
    const all = bodies.some((body) => !('app' in body || 'ancestor' in body || 'args' in body || 'user' in body));
    if (read.action !== 'allow' && read.enabled && all) {
      collection.trap(
        read.file,
        'it refuses for every program and the kernel, so also what the built-in rules allow and OpenSnitch never sees, such as IPv6 neighbour discovery',
      );
    }
    const note = escapeText(read.description).slice(0, 1000);
    const more = { ...(!read.enabled && { enabled: false }), ...(note !== '' && { note }) };
    collection.add({
      from: read.file,
      name: read.name,
      action: read.action,
      final: read.final,
      bodies: bodies.map((body) => ({ ...more, ...body })),
    });
  }
  tellAll(collection, caseless, byHost);
  return collection.finish();
}

function tellAll(collection: Collection, caseless: readonly string[], byHost: number): void {
  if (caseless.length > 0) {
    collection.trap(
      null,
      `${caseless.length} ${caseless.length === 1 ? 'rule compares' : 'rules compare'} paths, arguments or interfaces without regard to case, as OpenSnitch does unless it is told otherwise ` +
        `(${caseless.slice(0, 3).join(', ')}${caseless.length > 3 ? ', …' : ''}); kept so by regular expressions; write the path alone to mean one file`,
    );
  }
  if (byHost > 0) {
    collection.trap(
      null,
      'the name of a destination is the last one that OpenSnitch heard of its address from any program, and of a question to port 53 the name asked for; Postern goes by the names that this program asked for',
    );
  }
}

/** Undefined, with the reason reported, where OpenSnitch would not load it or it cannot be a rule. */
function readRule({ name: file, text }: TextFile, collection: Collection): Read | undefined {
  const refuse = (why: string) => {
    collection.leave(file, why);
    return undefined;
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse(`OpenSnitch does not load it: it is no JSON (${error instanceof Error ? error.message : error})`);
  }
  if (!isObject(json)) return refuse('OpenSnitch does not load it: it is no JSON object');
  const [name, action, duration, description] = [
    ...[
      textField(json, 'name'),
      textField(json, 'action'),
      textField(json, 'duration'),
      textField(json, 'description'),
    ],
  ] as const;
  const [enabled, precedence] = [flagField(json, 'enabled'), flagField(json, 'precedence')];
  for (const part of [name, action, duration, description, enabled, precedence]) {
    if (part !== undefined && !part.ok) return refuse(`OpenSnitch does not load it: ${part.error}`);
  }
  if (!name?.ok || !action?.ok || !duration?.ok || !description?.ok || !enabled.ok || !precedence.ok) return undefined;
  const known = [...actions].find(([word]) => word === action.value)?.[1];
  if (known === undefined)
    return refuse(`it has the action "${action.value}", which is none of allow, deny and reject`);
  if (duration.value !== 'always' && duration.value !== '') {
    return refuse(`it lasts "${duration.value}", and rule files hold what lasts; postern rule add --for makes others`);
  }
  const operator = readOperator(field(json, 'operator'));
  if (!operator.ok) return refuse(operator.error);
  const old = readOldList(operator.value);
  if (old !== undefined && !old.ok) return refuse(old.error);
  if (enabled.value === undefined) {
    collection.trap(file, 'it has no "enabled", which OpenSnitch takes for switched off; kept so');
  }
  if (duration.value === '') collection.trap(file, 'it has no "duration"; OpenSnitch keeps it for ever, as a file');
  if (old !== undefined) {
    collection.trap(
      file,
      'its list stands in "data", as before version 1.6; since then OpenSnitch takes the list of such a file for empty, so that it matches every connection; here it means what "data" says',
    );
  }
  return {
    file,
    name: name.value,
    enabled: enabled.value ?? false,
    final: known !== 'allow' || precedence.value === true,
    action: known,
    description: description.value,
    operator: old?.value ?? operator.value,
  };
}

function readAliases(file: TextFile | undefined, collection: Collection): ReadonlyMap<string, readonly Prefix[]> {
  const aliases = new Map<string, readonly Prefix[]>();
  if (file === undefined) return aliases;
  let json: unknown;
  try {
    json = JSON.parse(file.text);
  } catch {
    json = undefined;
  }
  if (!isObject(json)) {
    collection.leave(file.name, 'it is no JSON object of aliases');
    return aliases;
  }
  for (const [alias, items] of Object.entries(json)) {
    const prefixes: Prefix[] = [];
    for (const item of Array.isArray(items) ? items : []) {
      const prefix = typeof item === 'string' ? network(item) : undefined;
      if (prefix !== undefined) prefixes.push(prefix);
      else
        collection.trap(file.name, `"${item}" in the alias ${alias} is no network with a length, and does not count`);
    }
    aliases.set(alias, prefixes);
  }
  return aliases;
}

/** As Go sorts texts: by their bytes. */
function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left === right) continue;
    // Halves of pairs stand for what comes after all that have one unit.
    const [x, y] = [left, right].map((unit) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit));
    return (x ?? 0) - (y ?? 0);
  }
  return a.length - b.length;
}
