// What an import reads: a file, a folder of them, or standard input.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ImportFormat } from '#model/exchange/reports.ts';
import type { TextFile } from '#policy/import/collection.ts';
import type { ImportSources } from '#policy/import/import.ts';
import { Ending, exits } from '../context.ts';

const maxBytes = 32 * 1024 * 1024;
const maxFiles = 100_000;

/** Which files of a folder count, as the tool itself has it. */
const patterns: Readonly<Record<ImportFormat, RegExp>> = {
  opensnitch: /^[^.].*\.json$/,
  iptables: /^(rules\.v[46]|.*\.rules|ip6?tables)$/,
  nft: /\.(nft|conf|json)$/,
  ufw: /^user6?\.rules$/,
  lsrules: /\.lsrules$/,
  portmaster: /\.json$/,
};

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readText(path: string): string {
  const status = path === '-' ? undefined : statSync(path);
  if (status !== undefined && !status.isFile()) throw new Error('it is no file');
  if ((status?.size ?? 0) > maxBytes) throw new Error(`it has ${status?.size} bytes, and ${maxBytes} are read at most`);
  return readFileSync(path === '-' ? 0 : path, 'utf8');
}

function read(path: string): TextFile {
  try {
    return { name: path === '-' ? 'standard input' : path, text: readText(path) };
  } catch (error) {
    throw new Ending(exits.no, `${path} cannot be read: ${reasonOf(error)}`);
  }
}

function readIfThere(path: string): TextFile | undefined {
  try {
    return { name: path, text: readText(path) };
  } catch {
    return undefined;
  }
}

function filesIn(folder: string, pattern: RegExp): string[] {
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  if (names.length > maxFiles) throw new Error(`it has ${names.length} files, and ${maxFiles} are read at most`);
  return names.map((name) => join(folder, name));
}

/** The files of a list folder; OpenSnitch reads those with a dot within the name. */
function readFolder(folder: string): string[] | undefined {
  try {
    return filesIn(folder, /^[^.].*\./).map(readText);
  } catch {
    return undefined;
  }
}

export function readSources(format: ImportFormat, path: string, aliases: string | undefined): ImportSources {
  let names: string[];
  let folder: string | undefined;
  try {
    folder = path !== '-' && statSync(path).isDirectory() ? path : undefined;
    names = folder === undefined ? [path] : filesIn(folder, patterns[format]);
  } catch (error) {
    throw new Ending(exits.no, `${path} cannot be read: ${reasonOf(error)}`);
  }
  if (names.length === 0) throw new Ending(exits.no, `${path} has no files of ${format} rules`);
  return {
    files: names.map(read),
    aliases: aliases === undefined ? aliasesBeside(format, folder) : read(aliases),
    readFolder,
  };
}

/** Where OpenSnitch has them: beside the folder of its rules. */
function aliasesBeside(format: ImportFormat, folder: string | undefined): TextFile | undefined {
  if (format !== 'opensnitch' || folder === undefined) return undefined;
  return readIfThere(join(folder, '..', 'network_aliases.json'));
}
