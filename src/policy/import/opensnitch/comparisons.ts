// The comparisons of one OpenSnitch rule, one after the other, to the conditions of rules; or why they cannot be.
import type { Prefix } from '#model/net/address.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { Body } from '../collection.ts';
import type { ListFolders } from './listfolders.ts';
import { Narrowing } from './narrowing.ts';
import type { Operator, OperatorType } from './operator.ts';
import { loweredEscapes, patternOf } from './patterns.ts';
import { addresses, hosts, matchesAll, network, type Ports, protocolsOf, users } from './values.ts';

export interface Compared {
  readonly bodies: readonly Body[];
  /** What of it means another thing than it seems to, as sentences. */
  readonly traps: readonly string[];
  /** Operands whose texts are compared without regard to case. */
  readonly caseless: readonly string[];
}

export interface CompareContext {
  readonly ports: Ports;
  readonly lists: ListFolders;
  /** Networks by the names that they have in network_aliases.json. */
  readonly aliases: ReadonlyMap<string, readonly Prefix[]>;
}

type Taken = Result<void>;

const done: Taken = ok(undefined);

/** Which types OpenSnitch prepares for an operand; with another one its first connection ends the daemon, or the rule is not loaded. */
const typesOf: Readonly<Record<string, readonly OperatorType[]>> = {
  'process.path': ['simple', 'regexp'],
  'process.parent.path': ['simple', 'regexp'],
  'process.command': ['simple', 'regexp'],
  'user.id': ['simple', 'regexp', 'range'],
  'user.name': ['simple', 'regexp', 'range'],
  'dest.ip': ['simple', 'regexp'],
  'dest.host': ['simple', 'regexp'],
  'dest.port': ['simple', 'regexp', 'range'],
  'dest.network': ['network'],
  'source.ip': ['simple', 'regexp'],
  'source.port': ['simple', 'regexp', 'range'],
  'source.network': ['network'],
  protocol: ['simple', 'regexp'],
  'iface.out': ['simple', 'regexp'],
  'lists.domains': ['lists'],
  'lists.domains_regexp': ['lists'],
  'lists.ips': ['lists'],
  'lists.nets': ['lists'],
};

/** Operands that no rule of Postern can ask for, each with what to do about it. */
const unsayable: Readonly<Record<string, string>> = {
  'process.id': 'a pid alone is never an identity: the next program may have it; name the program',
  'process.hash.md5':
    'rules ask for SHA-256 alone; write app: { sha256: … } with what sha256sum says of the program (OpenSnitch takes a hash that it does not know for a match)',
  'process.hash.sha1':
    'rules ask for SHA-256 alone; write app: { sha256: … } with what sha256sum says of the program (OpenSnitch takes a hash that it does not know for a match)',
  'lists.hash.md5': 'rules ask for SHA-256 alone, and not for lists of hashes',
  'iface.in': 'OpenSnitch asks it of what goes out, which came in by no interface; write a rule with direction: in',
};

export function compare(operator: Operator, context: CompareContext): Result<Compared> {
  const narrowing = new Narrowing();
  const traps: string[] = [];
  const caseless = new Set<string>();
  const all = operator.type === 'list' ? operator.list : [operator];
  if (operator.type === 'list' && all.length === 0) {
    traps.push('its list is empty, which in OpenSnitch matches every connection; kept so');
  }
  for (const one of all) {
    const taken = take(one, narrowing, context);
    if (!taken.ok) return fail(taken.error);
    traps.push(...trapsOf(one, context));
    if (isCaseless(one)) caseless.add(one.operand);
  }
  const bodies = narrowing.bodies();
  if (!bodies.ok) return bodies;
  return ok({ bodies: bodies.value, traps, caseless: [...caseless] });
}

const compared = ['process.path', 'process.parent.path', 'process.command', 'iface.out'];

function isCaseless({ operand, type, sensitive, data }: Operator): boolean {
  return !sensitive && type === 'simple' && compared.includes(operand) && data.toLowerCase() !== data.toUpperCase();
}

function trapsOf(operator: Operator, { lists }: CompareContext): string[] {
  const { operand, type, data } = operator;
  const traps: string[] = [];
  const escapes = loweredEscapes(operator);
  if (escapes.length > 0) {
    const lower = escapes.map((one) => `${one} became ${one.toLowerCase()}`).join(', ');
    traps.push(`OpenSnitch lower-cases "${data}" where case does not count, so that ${lower}; kept so`);
  }
  if (operand === 'protocol' && type === 'simple' && /^(tcp|udp|udplite|sctp)$/i.test(data)) {
    traps.push(`protocol "${data}" is IPv4 alone in OpenSnitch (IPv6 is "${data}6"); kept so`);
  }
  if (operand === 'user.name' && type !== 'simple') {
    traps.push('user.name is compared as the number of the user there, not as the name; kept so');
  }
  if (type === 'lists') traps.push(...lists.trapsOf(operator));
  return traps;
}

function take(operator: Operator, narrowing: Narrowing, context: CompareContext): Taken {
  const { operand, type } = operator;
  if (type === 'list') return fail('a list within a list cannot be carried over: OpenSnitch fails at it');
  if (operand === 'true') return done;
  if (operand.startsWith('process.env.')) return fail(`${operand}: rules do not ask for a program's environment`);
  const why = unsayable[operand];
  if (why !== undefined) return fail(`${operand}: ${why}`);
  const types = Object.hasOwn(typesOf, operand) ? typesOf[operand] : undefined;
  if (types === undefined) return fail(`OpenSnitch knows no operand "${operand}", so it never matches there`);
  if (!types.includes(type)) return fail(`${operand} with type "${type}": OpenSnitch has no such comparison`);
  if (type === 'lists') return takeList(operator, narrowing, context);
  return takers[operand]?.(operator, narrowing, context) ?? done;
}

type Taker = (operator: Operator, narrowing: Narrowing, context: CompareContext) => Taken;

function through<T>(value: Result<T>, next: (value: T) => Taken): Taken {
  return value.ok ? next(value.value) : value;
}

function into<T>(value: Result<T>, put: (value: T) => void): Taken {
  if (!value.ok) return value;
  put(value.value);
  return done;
}

const asText =
  (key: 'app' | 'ancestor' | 'args' | 'interface'): Taker =>
  (operator, narrowing) =>
    key !== 'interface' && key !== 'ancestor' && matchesAll(operator)
      ? done
      : through(patternOf(operator), (pattern) => narrowing.text(key, pattern, operator.operand));

const takers: Readonly<Record<string, Taker>> = {
  'process.path': asText('app'),
  'process.parent.path': asText('ancestor'),
  'process.command': asText('args'),
  'iface.out': asText('interface'),
  'user.id': takeUsers,
  'user.name': (operator, narrowing) => {
    if (operator.type !== 'simple') return takeUsers(operator, narrowing);
    if (/^[A-Za-z_][\w.-]*\$?$/.test(operator.data)) return narrowing.userName(operator.data);
    return fail(`user.name: "${operator.data}" is no user's name`);
  },
  'dest.ip': (operator, narrowing) =>
    matchesAll(operator) ? done : into(addresses(operator), (prefixes) => narrowing.to(prefixes)),
  'source.ip': (operator, narrowing) =>
    matchesAll(operator) ? done : into(addresses(operator), (prefixes) => narrowing.from(prefixes)),
  'dest.network': (operator, narrowing, context) =>
    into(networks(operator, context), (prefixes) => narrowing.to(prefixes)),
  'source.network': (operator, narrowing, context) =>
    into(networks(operator, context), (prefixes) => narrowing.from(prefixes)),
  'dest.port': (operator, narrowing, { ports }) =>
    matchesAll(operator) ? done : into(ports.of(operator), (set) => narrowing.ports(set)),
  'source.port': (operator, narrowing, { ports }) =>
    matchesAll(operator) ? done : into(ports.of(operator), (set) => narrowing.sourcePorts(set)),
  'dest.host': (operator, narrowing) =>
    matchesAll(operator) ? done : through(hosts(operator), (names) => narrowing.names(names, 'dest.host')),
  protocol: (operator, narrowing) => into(protocolsOf(operator), (set) => narrowing.protocols(set)),
};

function takeUsers(operator: Operator, narrowing: Narrowing): Taken {
  return matchesAll(operator) ? done : into(users(operator), (set) => narrowing.users(set));
}

function networks({ data }: Operator, { aliases }: CompareContext): Result<readonly Prefix[]> {
  const known = aliases.get(data);
  if (known !== undefined) return ok(known);
  const prefix = network(data);
  if (prefix !== undefined) return ok([prefix]);
  const hint = /^[A-Z_]+$/.test(data) ? '; if it is an alias, give the file network_aliases.json with --aliases' : '';
  return fail(`OpenSnitch does not load it: "${data}" is no network such as 10.0.0.0/8${hint}`);
}

function takeList(operator: Operator, narrowing: Narrowing, { lists }: CompareContext): Taken {
  return through(lists.nameOf(operator), (name) => narrowing.names([`list:${name}`], operator.operand));
}
