// OpenSnitch's decision told again from its sources, plainly and one rule after the other, as a model for tests.
import { RE2JS } from 're2js';

export interface Connection {
  readonly path: string;
  readonly args: readonly string[];
  /** Nearest first. */
  readonly parents: readonly string[];
  readonly uid: number;
  /** `tcp`, and `tcp6` over IPv6. */
  readonly protocol: string;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly port: number;
  /** Empty where no name is known. */
  readonly host: string;
  readonly out: string;
}

export interface OperatorJson {
  readonly type: string;
  readonly operand: string;
  readonly data: string;
  readonly sensitive?: boolean;
  readonly list?: readonly OperatorJson[] | null;
}

export interface RuleJson {
  readonly name: string;
  readonly enabled?: boolean;
  readonly precedence?: boolean;
  readonly action: string;
  readonly duration: string;
  readonly operator: OperatorJson;
}

export interface Surroundings {
  readonly users: Readonly<Record<string, number>>;
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Lines of the files in each folder. */
  readonly folders: Readonly<Record<string, readonly string[]>>;
}

/** The rules by name, in the order of their names: the first that refuses or has precedence, else the last that matches. */
export function decideThere(
  rules: readonly RuleJson[],
  connection: Connection,
  around: Surroundings,
): string | undefined {
  const named = new Map(rules.map((rule) => [rule.name, rule]));
  let match: RuleJson | undefined;
  for (const name of [...named.keys()].sort()) {
    const rule = named.get(name) as RuleJson;
    if (rule.enabled !== true || !matches(rule.operator, connection, around)) continue;
    match = rule;
    if (rule.action === 'deny' || rule.action === 'reject' || rule.precedence === true) break;
  }
  return match?.action;
}

function matches(operator: OperatorJson, connection: Connection, around: Surroundings): boolean {
  if (operator.type === 'list') {
    const inner = operator.list ?? [];
    const old = inner.length === 0 && operator.data !== '' ? (JSON.parse(operator.data) as OperatorJson[]) : inner;
    return old.every((one) => matches(one, connection, around));
  }
  const { operand } = operator;
  if (operand === 'true') return true;
  if (operand === 'process.parent.path') return connection.parents.some((path) => compares(operator, path));
  if (operand === 'dest.network') return inNetwork(operator.data, connection.destination, around);
  if (operand === 'source.network') return inNetwork(operator.data, connection.source, around);
  if (operator.type === 'lists') return inLists(operator, connection, around);
  if (operand === 'user.name' && operator.type === 'simple') return connection.uid === around.users[operator.data];
  return compares(operator, valueIn(operand, connection));
}

function valueIn(operand: string, connection: Connection): string {
  const values: Record<string, string> = {
    'process.path': connection.path,
    'process.command': connection.args.join(' '),
    'user.id': String(connection.uid),
    'user.name': String(connection.uid),
    'dest.ip': connection.destination,
    'dest.host': connection.host,
    'dest.port': String(connection.port),
    'source.ip': connection.source,
    'source.port': String(connection.sourcePort),
    protocol: connection.protocol,
    'iface.out': connection.out,
  };
  const value = values[operand];
  if (value === undefined) throw new Error(`the model has no ${operand}`);
  return value;
}

function compares({ type, data, sensitive = false }: OperatorJson, value: string): boolean {
  if (type === 'simple') return sensitive ? value === data : value.toLowerCase() === data.toLowerCase();
  if (type === 'regexp') {
    return RE2JS.compile(sensitive ? data : data.toLowerCase()).test(sensitive ? value : value.toLowerCase());
  }
  if (type === 'range') {
    const [low, high] = data.replaceAll(' ', '').split('-').map(Number);
    return Number(low) <= Number(value) && Number(value) <= Number(high);
  }
  throw new Error(`the model has no ${type}`);
}

/** The bits of an address as text, by hand: the model shares nothing with what it tests. */
function bitsOf(text: string): string {
  if (!text.includes(':'))
    return text
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) => (part === undefined || part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after]
    .map((part) => Number.parseInt(part, 16).toString(2).padStart(16, '0'))
    .join('');
}

function within(address: string, network: string): boolean {
  const [base = '', length] = network.split('/');
  if (length === undefined || base.includes(':') !== address.includes(':')) return false;
  return bitsOf(address).startsWith(bitsOf(base).slice(0, Number(length)));
}

function inNetwork(data: string, address: string, { aliases }: Surroundings): boolean {
  return (aliases[data] ?? [data]).some((network) => within(address, network));
}

function inLists(
  { operand, data }: OperatorJson,
  { host, destination }: Connection,
  { folders }: Surroundings,
): boolean {
  const lines = folders[data] ?? [];
  if (operand === 'lists.domains') return lines.some((line) => line === `0.0.0.0 ${host}`);
  if (operand === 'lists.ips') return lines.includes(destination);
  if (operand === 'lists.nets') return lines.some((line) => within(destination, line));
  throw new Error(`the model has no ${operand}`);
}
