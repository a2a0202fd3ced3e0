// One line of a block list, in whichever format: each line is read by what it is, whatever its neighbours are.
import { maxNameBytes } from './hash.ts';
import { parsePattern } from './pattern.ts';
import { parseRange, type Range } from './range.ts';

/** `exact` the name alone, `both` with all below, `below` only that; `except` takes a name and all below out of its list again. */
export const entryKinds = ['exact', 'both', 'below', 'except'] as const;
export type EntryKind = (typeof entryKinds)[number];

export const listFormats = ['hosts', 'domains', 'wildcards', 'adblock', 'dnsmasq', 'addresses', 'patterns'] as const;
export type ListFormat = (typeof listFormats)[number];

export type Line =
  | { readonly type: 'nothing' }
  | { readonly type: 'names'; readonly format: ListFormat; readonly kind: EntryKind; readonly names: readonly string[] }
  /** `text` is the range as it stands there. */
  | { readonly type: 'range'; readonly range: Range; readonly text: string }
  /** `why` completes "skipped, because it is …". */
  | { readonly type: 'skipped'; readonly why: string };

const nothing: Line = { type: 'nothing' };
const skipped = (why: string): Line => ({ type: 'skipped', why });

const labelPattern = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const plainName = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9_-]*$/;
/** Names that hosts files give to the machine itself. */
const ownNames = new Set([
  ...['localhost', 'localhost.localdomain', 'local', 'broadcasthost', 'ip6-localhost', 'ip6-loopback'],
  ...['ip6-localnet', 'ip6-mcastprefix', 'ip6-allnodes', 'ip6-allrouters', 'ip6-allhosts', '0.0.0.0'],
]);
const dnsmasqPattern = /^(address|server|local)=\/([^#]*)\/([^/]*)$/;
/** Two addresses with a hyphen between them, which may have blanks around it. */
const rangePattern = /^([0-9a-f.:]+)[ \t]*-[ \t]*([0-9a-f.:]+)$/i;
/** `##` and what it hides in pages, of one site or of all; but not the frames and titles that people draw with it. */
const pageRule = /^[^\s#]*#(?:[@?$%]{1,2}|@[?$%])?#(?:\^|[^\s#]|#[^\s#])/;

/** Reads a line without its end. */
export function parseLine(text: string): Line {
  const line = text.trim();
  const first = line.charCodeAt(0);
  // ! ; [ begin comments, also the first line of AdBlock lists.
  if (line === '' || first === 0x21 || first === 0x3b || first === 0x5b) return nothing;
  if (pageRule.test(line)) return skipped('a rule about parts of pages');
  if (first === 0x23) return nothing;
  if (first === 0x7c || first === 0x40) return adblockLine(line);
  // There `#` without a blank before it is no comment.
  const option = cutAt(line, /[ \t]#/);
  if (dnsmasqPattern.test(option)) return dnsmasqLine(option);
  const pattern = parsePattern(line);
  if (pattern !== undefined) return patternLine(pattern.kind, pattern.name);
  // A blank and `;` in lists of networks.
  const words = cutAt(line, /#|[ \t];/);
  const range = rangePattern.test(words) ? parseRange(words.replace(/[ \t]/g, '')) : undefined;
  if (range !== undefined) return { type: 'range', range, text: words };
  return words.includes(' ') || words.includes('\t') ? hostsLine(words) : wordLine(words);
}

function cutAt(line: string, comment: RegExp): string {
  const at = line.search(comment);
  return at > 0 ? line.slice(0, at).trimEnd() : line;
}

function patternLine(kind: EntryKind, text: string): Line {
  const name = cleanName(text);
  if (name === undefined) return skipped('a regular expression or pattern');
  return { type: 'names', format: 'patterns', kind, names: [name] };
}

function adblockLine(line: string): Line {
  const except = line.startsWith('@@');
  const rule = except ? line.slice(2) : line;
  if (!rule.startsWith('||')) return skipped('a rule about parts of addresses');
  const dollar = rule.lastIndexOf('$');
  const options = dollar < 0 ? '' : rule.slice(dollar + 1);
  // An exception for documents alone would let all else of the name pass.
  const honoured = except
    ? /^(important|all)(,(important|all))*$/
    : /^(important|all|document)(,(important|all|document))*$/;
  if (options !== '' && !honoured.test(options)) {
    return skipped(`limited by options (${options.slice(0, 40)})`);
  }
  const body = dollar < 0 ? rule.slice(2) : rule.slice(2, dollar);
  if (!body.endsWith('^')) return skipped('a rule about parts of addresses');
  const range = parseRange(body.slice(0, -1));
  if (range !== undefined && !except) return { type: 'range', range, text: body.slice(0, -1) };
  const name = cleanName(body.slice(0, -1));
  if (name === undefined) return skipped('a rule about parts of addresses');
  return { type: 'names', format: 'adblock', kind: except ? 'except' : 'both', names: [name] };
}

/** The manual of dnsmasq, --server: without a target a domain is answered here, as not there; `#` excepts it from that; any other target is asked. */
function dnsmasqLine(line: string): Line {
  const [, option, domains = '', target = ''] = dnsmasqPattern.exec(line) ?? [];
  const except = option !== 'address' && target === '#';
  if (option !== 'address' && target !== '' && !except) {
    return skipped('a server for some names, which refuses none of them');
  }
  const names: string[] = [];
  for (const word of domains.split('/')) {
    const name = cleanName(word);
    if (name === undefined) return skipped('no host name');
    names.push(name);
  }
  return { type: 'names', format: 'dnsmasq', kind: except ? 'except' : 'both', names };
}

function hostsLine(line: string): Line {
  const [address = '', ...words] = line.split(/[ \t]+/);
  if (parseRange(address) === undefined) return skipped('no line of a hosts file, which begins with an address');
  const names: string[] = [];
  for (const word of words) {
    if (ownNames.has(word.toLowerCase())) continue;
    const name = cleanName(word);
    if (name === undefined) return skipped('no host name');
    names.push(name);
  }
  return names.length === 0 ? nothing : { type: 'names', format: 'hosts', kind: 'exact', names };
}

function wordLine(word: string): Line {
  const code = word.charCodeAt(0);
  if ((code >= 0x30 && code <= 0x39) || word.includes(':') || word.includes('/')) {
    const range = parseRange(word);
    if (range !== undefined) return { type: 'range', range, text: word };
  }
  const kind: EntryKind = word.startsWith('*.') ? 'below' : word.startsWith('.') ? 'both' : 'exact';
  const name = cleanName(kind === 'below' ? word.slice(2) : kind === 'both' ? word.slice(1) : word);
  if (name === undefined) {
    if (/[\\^$()|[\]+?*]/.test(word)) return skipped('a regular expression or pattern');
    return skipped('no host name and no address');
  }
  if (ownNames.has(name)) return nothing;
  return { type: 'names', format: kind === 'exact' ? 'domains' : 'wildcards', kind, names: [name] };
}

/** Lower case, ASCII, without a dot at the end; undefined for what is no host name of at least two labels. */
function cleanName(text: string): string | undefined {
  let name = text.toLowerCase();
  if (name.charCodeAt(name.length - 1) === 0x2e) name = name.slice(0, -1);
  if (!plainName.test(name)) {
    const ascii = asciiName(name);
    if (ascii === undefined) return undefined;
    name = ascii;
  }
  if (name.length > maxNameBytes) return undefined;
  // Long labels and hyphens at their ends are rare: the common name is not cut up.
  if (name.length < 64 && !name.includes('-')) return name;
  return name.split('.').every((label) => labelPattern.test(label)) ? name : undefined;
}

/** What IDNA makes of a name with other letters (UTS 46). */
function asciiName(name: string): string | undefined {
  if (/^[ -~]*$/.test(name) || /[/?#@:%\\]/.test(name) || name.length > maxNameBytes) return undefined;
  if (!URL.canParse(`http://${name}/`)) return undefined;
  const { hostname } = new URL(`http://${name}/`);
  return plainName.test(hostname) ? hostname : undefined;
}
