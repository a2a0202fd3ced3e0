// Rules of one systemd unit as a drop-in: IPAddressAllow= and IPAddressDeny=, which know addresses alone.
import type { ExportReport } from '#model/exchange/reports.ts';
import { formatPrefix, type Prefix, parsePrefix, prefixHolds } from '#model/net/address.ts';
import { scopePrefixes } from '#model/net/scope.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { escapeText } from '#std/text.ts';
import { several } from '../accounts.ts';
import { parseDestination } from '../match/destination.ts';
import type { OrderedRule } from '../show/ordered.ts';
import { activeRules, Exported, type ExportFile, leaveInactive } from './rules.ts';

const everywhere = ['0.0.0.0/0', '::/0'].map((text) => parsePrefix(text) as Prefix);

/** What a unit may be called; systemd.unit(5). */
const unitPattern = /^[A-Za-z0-9:_.\\@-]{1,250}\.(service|scope|slice|socket|mount|swap)$/;

export function isUnitName(text: string): boolean {
  return unitPattern.test(text) && !text.startsWith('user:');
}

/** Units that rules name exactly, in the order of the rules. */
export function unitsOf(ordered: readonly OrderedRule[]): string[] {
  const units = ordered
    .filter(({ origin }) => origin !== 'builtin')
    .flatMap(({ rule }) => several(rule.app))
    .flatMap((app) => (typeof app === 'object' && app.unit !== undefined ? [app.unit] : []));
  return [...new Set(units)].filter(isUnitName);
}

/** One file for each unit. `refuseRest`: what no rule decides is refused. */
export function exportSystemd(
  ordered: readonly OrderedRule[],
  units: readonly string[],
  refuseRest: boolean,
): ExportReport {
  const exported = new Exported();
  const about = (rule: OrderedRule) => rule.rule.app === undefined || units.some((unit) => names(rule, unit));
  leaveInactive(ordered.filter(about), exported);
  for (const rule of activeRules(ordered)) {
    if (!about(rule)) exported.leave(rule, 'it is about programs, and not about one of these units alone');
  }
  const files = units.map((unit) => fileOf(unit, ordered, refuseRest, exported));
  if (files.length > 0) {
    exported.trap(null, 'systemd filters both ways: what is refused here may not come in from there either');
    if (!refuseRest) exported.trap(null, 'what no rule decides is allowed; --mode lockdown refuses it');
  }
  return exported.report('systemd', files);
}

function names({ rule }: OrderedRule, unit: string): boolean {
  return several(rule.app).some((app) => typeof app === 'object' && app.unit === unit && Object.keys(app).length === 1);
}

function fileOf(unit: string, ordered: readonly OrderedRule[], refuseRest: boolean, all: Exported): ExportFile {
  const own = new Exported();
  const refused: Prefix[] = [];
  const lines: string[] = [];
  const add = (rule: OrderedRule, key: string, prefixes: readonly Prefix[]) => {
    lines.push(`# ${escapeText(rule.name)}`, `${key}=${wordsOf(prefixes)}`);
  };
  const leave = (rule: OrderedRule, why: string) => {
    own.leave(rule, why);
    all.leave(rule, why);
  };
  for (const rule of activeRules(ordered)) {
    if (rule.rule.app !== undefined && !names(rule, unit)) continue;
    const prefixes = prefixesOf(rule);
    if (!prefixes.ok) {
      leave(rule, prefixes.error);
      continue;
    }
    if (rule.action === 'allow') {
      // systemd looks at what it allows first, whatever stands before.
      const over = prefixes.value.some((prefix) => refused.some((other) => overlap(prefix, other)));
      if (over) {
        leave(rule, 'a rule before it refuses some of it, and systemd would allow it all the same');
        continue;
      }
      add(rule, 'IPAddressAllow', prefixes.value);
    } else {
      refused.push(...prefixes.value);
      add(rule, 'IPAddressDeny', prefixes.value);
    }
    all.carry(rule);
  }
  const rest = refuseRest ? ['# what no rule decides', 'IPAddressDeny=any'] : [];
  const head = [
    `# Of the rules of Postern for ${unit}; systemd.resource-control(5) says what these mean.`,
    ...own.comments(),
  ];
  return {
    name: `${unit}.d/50-postern.conf`,
    text: `${[...head, unit.endsWith('.scope') ? '[Scope]' : `[${sectionOf(unit)}]`, ...lines, ...rest].join('\n')}\n`,
  };
}

function sectionOf(unit: string): string {
  const suffix = unit.slice(unit.lastIndexOf('.') + 1);
  return suffix.charAt(0).toUpperCase() + suffix.slice(1);
}

function wordsOf(prefixes: readonly Prefix[]): string {
  const texts = [...new Set(prefixes.map(formatPrefix))];
  return texts.includes('0.0.0.0/0') && texts.includes('::/0') ? 'any' : texts.join(' ');
}

function overlap(a: Prefix, b: Prefix): boolean {
  return a.length >= b.length ? prefixHolds(b, a.address) : prefixHolds(a, b.address);
}

/** Where the rule is about addresses and nothing else. */
function prefixesOf({ rule, action }: OrderedRule): Result<Prefix[]> {
  if (action === 'ask' || action === 'log') return fail(`systemd cannot ${action}`);
  const {
    name: _,
    action: __,
    priority: ___,
    note: ____,
    tests: _____,
    enabled: ______,
    errno: _______,
    ...rest
  } = rule;
  const more = Object.keys(rest).find((key) => !['app', 'to', 'log', 'direction', 'protocol'].includes(key));
  if (more !== undefined) return fail(`systemd cannot ask for "${more}"`);
  if (several(rule.direction ?? 'out').join() !== 'out') return fail('systemd has one list for both directions');
  if (rule.protocol !== undefined && several(rule.protocol).some((protocol) => protocol !== 'any')) {
    return fail('systemd cannot ask for "protocol"');
  }
  if (rule.to === undefined) return ok([...everywhere]);
  const found: Prefix[] = [];
  for (const text of several(rule.to)) {
    const parsed = parseDestination(text);
    if (!parsed.ok) return parsed;
    const { place, ports } = parsed.value;
    if (ports !== undefined) return fail(`systemd knows no ports, and "${text}" has one`);
    if (place.type === 'prefix') found.push(place.prefix);
    else if (place.type === 'any') found.push(...everywhere);
    else if (place.type === 'scope' && place.scope !== 'internet') found.push(...scopePrefixes[place.scope]);
    else return fail(`systemd knows addresses alone, and not "${text}"`);
  }
  return ok(found);
}
