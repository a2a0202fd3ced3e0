// Which names the rules of a command allow it to ask for: a name that no rule lets it reach could only carry something out.
import type { RuleText } from '#model/rule.ts';
import { several } from '../accounts.ts';
import { defaultPriority, destinationRank } from '../compile/specificity.ts';
import { parseDestination } from '../match/destination.ts';
import { formatName, type NamePattern } from '../match/name.ts';

/** What one rule says of a name, and how it stands among others, as policies order rules. */
interface Saying {
  readonly priority: number;
  /** Whether it is for some apps only. Refusals here are for all. */
  readonly ofApps: boolean;
  readonly rank: number;
  /** Whether it has further conditions. Refusals here have none. */
  readonly narrow: boolean;
  readonly allows: boolean;
}

/**
 * Whether some rule allows something by this name, given in lower case without a dot at its end, and no refusal that stands before it
 * takes the whole name. Lists, countries and scopes name nothing, and a rule for any destination does not either: who wants all names
 * answered does not ask here. A refusal with more conditions, such as a port or an app, leaves something that is allowed. Expired
 * rules are to be left out before.
 */
export function allowedNames(rules: readonly RuleText[]): (name: string) => boolean {
  /** By the pattern's text; under the empty text what holds for every name. */
  const sayings = new Map<string, Saying>();
  const say = (pattern: string, saying: Saying) => {
    const other = sayings.get(pattern);
    if (other === undefined || before(saying, other)) sayings.set(pattern, saying);
  };
  for (const rule of rules) {
    const allows = rule.action === 'allow';
    if (rule.enabled === false || !goesOut(rule) || !(allows || refusesAll(rule))) continue;
    const common = {
      priority: rule.priority ?? defaultPriority(rule, 'local'),
      ofApps: (rule.app ?? rule.ancestor) !== undefined,
      allows,
    };
    const narrow = !sparse(rule);
    if (rule.to === undefined && !allows) say('', { ...common, rank: 0, narrow });
    for (const text of rule.to === undefined ? [] : several(rule.to)) {
      const parsed = parseDestination(text);
      if (!parsed.ok) continue;
      const { place, ports } = parsed.value;
      if (!allows && ports !== undefined) continue;
      const saying = { ...common, rank: destinationRank(place), narrow: narrow || ports !== undefined };
      if (place.type === 'name') for (const pattern of patternsOf(place.name)) say(pattern, saying);
      else if (place.type === 'any' && !allows) say('', saying);
    }
  }
  return (name) => {
    let first: Saying | undefined;
    for (const pattern of patternsFor(name)) {
      const saying = sayings.get(pattern);
      if (saying !== undefined && (first === undefined || before(saying, first))) first = saying;
    }
    return first?.allows === true;
  };
}

/** Priority, app, destination, further conditions; and of equals the stricter. */
function before(one: Saying, other: Saying): boolean {
  if (one.priority !== other.priority) return one.priority > other.priority;
  if (one.ofApps !== other.ofApps) return one.ofApps;
  if (one.rank !== other.rank) return one.rank > other.rank;
  if (one.narrow !== other.narrow) return one.narrow;
  return other.allows && !one.allows;
}

function goesOut({ direction }: RuleText): boolean {
  return direction === undefined || several(direction).includes('out');
}

/** Whether nothing to its destinations is left by this rule. */
function refusesAll(rule: RuleText): boolean {
  return (rule.action === 'reject' || rule.action === 'drop') && sparse(rule);
}

/** What says nothing of when a rule holds. */
const besides = new Set(['name', 'action', 'priority', 'enabled', 'note', 'log', 'errno', 'until', 'tests']);

/** Whether the rule asks for nothing but its destinations. */
function sparse(rule: RuleText): boolean {
  return Object.entries(rule).every(([key, value]) => {
    if (value === undefined || besides.has(key) || key === 'to' || key === 'direction') return true;
    return key === 'protocol' && several(rule.protocol).includes('any');
  });
}

/** A domain with what is below it is both. */
function patternsOf({ domain, reach }: NamePattern): readonly string[] {
  const below = formatName({ domain, reach: 'below' });
  return reach === 'exact' ? [domain] : reach === 'below' ? [below] : [domain, below];
}

/** The patterns that name it: itself, and each domain that it is below of. */
function patternsFor(name: string): readonly string[] {
  const patterns = ['', name];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1))
    patterns.push(`*.${name.slice(dot + 1)}`);
  return patterns;
}
