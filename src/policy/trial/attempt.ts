// An attempt from the words of rules: for `tests:` in rule files and the flags of `postern explain`.
import type { Attempt, NameSource } from '#model/attempt.ts';
import type { Direction, Endpoint } from '#model/flow.ts';
import type { Accounts } from '#model/messages.ts';
import { type Address, parseAddress, parsePrefix } from '#model/net/address.ts';
import type { Whereabouts } from '#model/net/network.ts';
import { hasPorts, type Protocol, protocolNumbers, protocolOf } from '#model/net/protocol.ts';
import type { Process } from '#model/process.ts';
import type { AppCondition } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { idOf, several } from '../accounts.ts';
import { isGlob } from '../match/glob.ts';
import { parseName } from '../match/name.ts';

/** The words of a rule, each with one value: what is left out is not known. A RuleTest is one of these. */
export interface AttemptConditions {
  readonly app?: AppCondition | undefined;
  readonly args?: readonly string[] | string | undefined;
  /** Nearest first. */
  readonly ancestor?: string | readonly string[] | undefined;
  readonly user?: string | number | undefined;
  readonly group?: string | number | undefined;
  readonly 'supplementary-group'?: string | number | readonly (string | number)[] | undefined;
  readonly cgroup?: string | undefined;
  readonly label?: string | undefined;
  readonly seeded?: true | undefined;
  /** An address or the name of the far end, with `:port` or without; or both as `name@address`. */
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  /** How the name of the far end is known; by DNS when left out. */
  readonly 'name-from'?: NameSource | undefined;
  /** The destination's port. */
  readonly port?: number | undefined;
  /** TCP when left out; ICMP or ICMPv6 when there is an icmp-type. */
  readonly protocol?: Protocol | number | undefined;
  readonly 'icmp-type'?: number | undefined;
  readonly direction?: Direction | undefined;
  readonly interface?: string | undefined;
  /** The address of this machine in the network, where `from` or `to` does not say it. */
  readonly network?: string | undefined;
  /** Of the network that the machine is on; see `whereOf`. */
  readonly profile?: string | undefined;
  readonly 'known-network'?: string | undefined;
}

/** Where the machine is while this is tried. */
export function whereOf(words: AttemptConditions): Whereabouts {
  const { profile, 'known-network': network } = words;
  return { ...(network !== undefined && { network }), ...(profile !== undefined && { profile }) };
}

/** Stands for the far end where a test names none: RFC 5737 and RFC 3849 set these addresses aside. */
const someAddress = { four: '192.0.2.1', six: '2001:db8::1' } as const;

/** The error is a sentence. A user or group that the accounts do not have is an error; see `completeAccounts`. */
export function attemptFromConditions(words: AttemptConditions, accounts: Accounts): Result<Attempt> {
  const process = processOf(words, accounts);
  if (!process.ok) return process;
  const to = endpoint('to', words.to);
  if (!to.ok) return to;
  const from = endpoint('from', words.from);
  if (!from.ok) return from;
  const network = networkAddress(words.network);
  if (!network.ok) return network;
  const direction = words.direction ?? 'out';
  const port = words.port ?? 0;
  const destination = withPort(to.value, port);
  if (!destination.ok) return destination;
  const six = (to.value ?? from.value)?.address.family === 6 || words.protocol === 'icmpv6';
  const type = words['icmp-type'];
  const protocol = words.protocol ?? (type === undefined ? 'tcp' : six ? 'icmpv6' : 'icmp');
  const number = typeof protocol === 'number' ? protocol : numbers[protocol];
  const name = typeof protocol === 'number' ? protocolOf(protocol) : protocol;
  if (!hasPorts(name) && (destination.value?.port ?? port) !== 0) {
    return fail(`${name} has no ports; leave the port out or say another protocol`);
  }
  const unnamed = parseAddress(six ? someAddress.six : someAddress.four) as Address;
  const [near, far] = direction === 'in' ? [destination.value, from.value] : [from.value, destination.value];
  if (near?.name !== undefined) {
    return fail(`"${near.name}" is the name of this machine's end; only the far end's name can be known`);
  }
  const local = near ?? ownEnd(network.value, direction === 'in' ? port : 0, unnamed);
  return ok({
    process: process.value,
    flow: {
      protocol: name,
      protocolNumber: number ?? 255,
      direction,
      local,
      remote: far === undefined ? { address: unnamed, port: direction === 'in' ? 0 : port } : plain(far),
      interface: words.interface,
      icmp: type === undefined ? undefined : { type, code: 0 },
    },
    names: far?.name === undefined ? [] : [{ name: far.name, from: words['name-from'] ?? 'dns' }],
  });
}

const numbers: Partial<Record<string, number>> = protocolNumbers;

function plain({ address, port }: Endpoint): Endpoint {
  return { address, port };
}

/** The near end where only its network or its port is known. */
function ownEnd(address: Address | undefined, port: number, unnamed: Address): Endpoint | undefined {
  if (address !== undefined) return { address, port };
  return port === 0 ? undefined : { address: unnamed, port };
}

function processOf(words: AttemptConditions, accounts: Accounts): Result<Process | undefined> {
  const app = words.app === undefined ? ok({}) : appOf(words.app);
  if (!app.ok) return app;
  const ids = { uid: id('user', words.user, accounts.users), gid: id('group', words.group, accounts.groups) };
  if (!ids.uid.ok) return ids.uid;
  if (!ids.gid.ok) return ids.gid;
  const groups: number[] = [];
  for (const value of several(words['supplementary-group'])) {
    const group = id('supplementary-group', value, accounts.groups);
    if (!group.ok) return group;
    if (group.value !== undefined) groups.push(group.value);
  }
  const args = typeof words.args === 'string' ? words.args.split(' ') : words.args;
  const process: Process = {
    ...app.value,
    ...(args !== undefined && { args }),
    ...(words.ancestor !== undefined && { ancestors: several(words.ancestor) }),
    ...(ids.uid.value !== undefined && { uid: ids.uid.value }),
    ...(ids.gid.value !== undefined && { gid: ids.gid.value }),
    ...(words['supplementary-group'] !== undefined && { groups }),
    ...(words.cgroup !== undefined && { cgroup: words.cgroup }),
    ...(words.label !== undefined && { label: words.label }),
    ...(words.seeded !== undefined && { seeded: words.seeded }),
  };
  return ok(Object.keys(process).length === 0 ? undefined : process);
}

function appOf(app: AppCondition): Result<Process> {
  const { path, ...rest } = typeof app === 'string' ? { path: app } : app;
  const { sha256, ...others } = rest;
  for (const value of [path, ...Object.values(rest)]) {
    if (typeof value === 'string' && (isGlob(value) || value.startsWith('~'))) {
      return fail(`app: "${value}" is a pattern; an attempt is made by one program`);
    }
  }
  return ok({
    ...(path !== undefined && { exe: path }),
    ...(sha256 !== undefined && { sha256: sha256.toLowerCase() }),
    ...others,
  });
}

function id(
  key: string,
  value: string | number | undefined,
  table: Readonly<Record<string, number>>,
): Result<number | undefined> {
  if (value === undefined || typeof value === 'number') return ok(value);
  const known = idOf(value, table);
  return known === undefined ? fail(`${key}: this machine has no "${value}"`) : ok(known);
}

interface NamedEnd extends Endpoint {
  readonly name?: string;
}

/**
 * `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]:443`, `example.com:443`, `example.com@192.0.2.1:443`; port 0
 * where none is said, and an address that stands for any where there is only a name.
 */
function endpoint(key: string, text: string | undefined): Result<NamedEnd | undefined> {
  if (text === undefined) return ok(undefined);
  const at = text.indexOf('@');
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text.slice(at + 1));
  const place = match?.[1] ?? match?.[2] ?? text.slice(at + 1);
  const address = parseAddress(place);
  const port = match === null ? 0 : Number(match[3] ?? 0);
  const given = at >= 0 ? text.slice(0, at) : address === undefined ? place : undefined;
  const name = given === undefined ? undefined : parseName(given);
  const nameIsNone =
    name !== undefined && (!name.ok || name.value.reach !== 'exact' || !/\.\d*[^\d.]/.test(given ?? ''));
  if (nameIsNone || port > 65535 || (at >= 0 && address === undefined)) {
    return fail(
      `${key}: "${text}" is no address or name such as 192.0.2.1, 192.0.2.1:443, [2001:db8::1]:443 or example.com:443`,
    );
  }
  const some = parseAddress(someAddress.four) as Address;
  return ok({ address: address ?? some, port, ...(name?.ok && { name: name.value.domain }) });
}

function withPort(endpoint: NamedEnd | undefined, port: number): Result<NamedEnd | undefined> {
  if (endpoint === undefined || port === 0 || endpoint.port === port) return ok(endpoint);
  if (endpoint.port !== 0) return fail(`"to" says port ${endpoint.port} and "port" says ${port}`);
  return ok({ ...endpoint, port });
}

function networkAddress(text: string | undefined): Result<Address | undefined> {
  if (text === undefined) return ok(undefined);
  const prefix = parsePrefix(text);
  return 'error' in prefix ? fail(`network: ${prefix.error}`) : ok(prefix.address);
}
