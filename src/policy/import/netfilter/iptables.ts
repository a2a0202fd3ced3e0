// iptables-save and ip6tables-save, and what ufw writes in the same words.
import type { Direction } from '#model/flow.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { Collection, type ImportedRules, type TextFile } from '../collection.ts';
import { type BaseChain, type ChainRule, Chains, type Verdict } from './chains.ts';
import type { Match } from './match.ts';
import { Options } from './options.ts';

const hooks: Readonly<Record<string, Direction>> = { INPUT: 'in', OUTPUT: 'out', FORWARD: 'forward' };
/** Where ufw keeps what people told it; what comes before and after is its own. */
const ufwHooks: Readonly<Record<string, Direction>> = {
  'ufw-user-input': 'in',
  'ufw-user-output': 'out',
  'ufw-user-forward': 'forward',
  'ufw6-user-input': 'in',
  'ufw6-user-output': 'out',
  'ufw6-user-forward': 'forward',
};

export function importIptables({ files }: { readonly files: readonly TextFile[] }): ImportedRules {
  const collection = new Collection('iptables');
  let some = false;
  for (const file of files) some = readFile(file, collection, hooks) || some;
  if (some) {
    collection.trap(
      null,
      'iptables judges each packet, also those that answer what came in; Postern judges a flow when it begins, by who began it',
    );
  }
  return collection.finish();
}

export function importUfw({ files }: { readonly files: readonly TextFile[] }): ImportedRules {
  const collection = new Collection('ufw');
  for (const file of files) readFile(file, collection, ufwHooks);
  collection.trap(
    null,
    "ufw's defaults (/etc/default/ufw) and the files before.rules and after.rules are not read; the mode decides what no rule does",
  );
  return collection.finish();
}

/** Whether there was any rule. */
function readFile(
  { name, text }: TextFile,
  collection: Collection,
  bases: Readonly<Record<string, Direction>>,
): boolean {
  const family = /ip6tables/.test(text.slice(0, 200)) || /(v6|6\.rules|ip6tables)$/.test(name) ? 6 : 4;
  const chains = new Map<string, ChainRule[]>();
  const policies = new Map<string, { policy: 'allow' | 'drop'; from: string }>();
  let table = 'filter';
  let note = '';
  let rules = 0;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    const from = `${name}:${index + 1}`;
    if (line.startsWith('### tuple ###')) note = applicationOf(line);
    if (line === '' || line.startsWith('#') || line === 'COMMIT') continue;
    if (line.startsWith('*')) {
      table = line.slice(1);
      continue;
    }
    const declared = /^:(\S+) (\S+)/.exec(line);
    if (declared !== null) {
      const [, chain = '', policy = ''] = declared;
      if (table !== 'filter') continue;
      if (!chains.has(chain)) chains.set(chain, []);
      policies.set(chain, { policy: policy === 'DROP' ? 'drop' : 'allow', from });
      continue;
    }
    const words = wordsOf(line);
    if (/^\[\d+:\d+\]$/.test(words[0] ?? '')) words.shift();
    if (words[0] !== '-A' || words[1] === undefined) {
      collection.leave(from, `"${line.slice(0, 80)}" is no line of iptables-save`);
      continue;
    }
    rules += 1;
    if (table !== 'filter') {
      collection.leave(
        from,
        `table ${table} changes packets or their way, and is nothing for rules about who may talk`,
      );
      continue;
    }
    const chain = chains.get(words[1]) ?? [];
    chains.set(words[1], chain);
    chain.push(ruleOf(words.slice(2), from, words[1], note));
    note = '';
  }
  const flattened = new Chains(chains, collection);
  for (const [chain, direction] of Object.entries(bases)) {
    if (!chains.has(chain)) continue;
    const { policy = 'allow', from = name } = policies.get(chain) ?? {};
    const base: BaseChain = { chain, direction, policy: bases === hooks ? policy : 'allow', from, family };
    flattened.take(base);
  }
  flattened.settle(bases === hooks);
  return rules > 0;
}

/** `allow any 80,443 0.0.0.0/0 any 0.0.0.0/0 Apache%20Full - in`: the name of the application's profile. */
function applicationOf(line: string): string {
  const words = line.slice('### tuple ###'.length).trim().split(/\s+/);
  const name = words.length >= 9 ? (words.slice(6, 8).find((word) => word !== '-') ?? '') : '';
  return name.replaceAll('%20', ' ');
}

/** The words of a line; quotes hold blanks together, and a backslash takes a meaning away. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'),
  );
}

function ruleOf(words: readonly string[], from: string, chain: string, note: string): ChainRule {
  const options = new Options(words);
  const verdict = verdictOf(options);
  const matches = options.matches();
  const action = verdict.ok ? (verdict.value.type === 'jump' ? verdict.value.chain : verdict.value.type) : 'rule';
  const name = options.comment ?? (note === '' ? `${chain} ${action} ${from.slice(from.lastIndexOf(':') + 1)}` : note);
  return { from, name, matches: matches as Result<readonly Match[]>, verdict };
}

const targets: Readonly<Record<string, Verdict>> = {
  ACCEPT: { type: 'allow' },
  DROP: { type: 'drop' },
  REJECT: { type: 'reject' },
  RETURN: { type: 'return' },
};

function verdictOf({ target }: Options): Result<Verdict> {
  if (target === undefined) return fail('it has no target and only counts');
  const known = Object.hasOwn(targets, target) ? targets[target] : undefined;
  if (known !== undefined) return ok(known);
  if (/^[A-Z0-9]+$/.test(target) && /^(LOG|NFLOG|ULOG|AUDIT)$/.test(target)) {
    return fail(`${target} only records, and Postern records what it decides by itself`);
  }
  if (
    /^(MARK|CONNMARK|CT|NFQUEUE|TCPMSS|TOS|DSCP|TTL|SET|SECMARK|CONNSECMARK|TRACE|QUEUE|TEE|CLASSIFY|NOTRACK)$/.test(
      target,
    )
  ) {
    return fail(`${target} does something with packets that no rule does`);
  }
  return ok({ type: 'jump', chain: target });
}
