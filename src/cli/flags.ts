// Flags that several commands share: where the daemon is, JSON, and the conditions of rules in the words of the files.
import { numberParser } from '@stricli/core';
import { conditionsSchema, type RuleText } from '#model/rule.ts';
import { Ending, exits } from './context.ts';

const text = (value: string) => value;

export const jsonFlag = { kind: 'boolean', brief: 'Print JSON', default: false, withNegated: false } as const;

export const runtimeDirFlag = {
  kind: 'parsed',
  parse: text,
  brief: 'Folder of the running Postern (default /run/postern, or $POSTERN_RUNTIME_DIR)',
  optional: true,
  placeholder: 'D',
} as const;

export const clientFlags = { json: jsonFlag, runtimeDir: runtimeDirFlag } as const;

export interface ClientFlags {
  readonly json: boolean;
  readonly runtimeDir?: string;
}

const many = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: text, brief, optional: true, variadic: true, placeholder }) as const;

/** Each may be given several times; lists of prefixes, ports and protocols may also be written with commas. */
export const conditionFlags = {
  app: many('Path or glob of the program', 'PATH'),
  script: many('Path of the script under its interpreter', 'PATH'),
  package: many('Package of the program', 'NAME'),
  sha256: many("Hash of the program's file", 'HEX'),
  unit: many('systemd unit', 'UNIT'),
  flatpak: many('Flatpak application', 'ID'),
  snap: many('Snap', 'NAME'),
  appimage: many('AppImage file', 'PATH'),
  container: many('Container', 'ID'),
  pid: { kind: 'parsed', parse: numberParser, brief: 'Exactly this process', optional: true, placeholder: 'PID' },
  ancestor: many('Program that started it, however far up', 'PATH'),
  args: many('Arguments, joined by spaces', 'PATTERN'),
  user: many('Effective user', 'USER'),
  group: many('Effective group', 'GROUP'),
  supplementaryGroup: many('Member of this group', 'GROUP'),
  cgroup: many('Control group, or below it', 'PATH'),
  label: many('Security label', 'LABEL'),
  seeded: { kind: 'boolean', brief: 'Ran before Postern watched', optional: true, withNegated: false },
  to: many(
    'Destination: address, prefix, scope (loopback lan internet multicast), name, *.domain, list:NAME, country:DE, as:13335, with :port',
    'TO',
  ),
  from: many('Peer of incoming connections', 'FROM'),
  port: many('Port or range', 'PORT'),
  protocol: many('tcp udp icmp icmpv6 sctp udplite raw packet any, or a number', 'PROTOCOL'),
  icmpType: many('ICMP type, by number', 'TYPE'),
  direction: many('out (default), in, forward', 'DIRECTION'),
  interface: many('Interface', 'NAME'),
  network: many('Network the machine sits in, as a prefix', 'PREFIX'),
  profile: many('Profile of the network that the machine is on: home, work, public or own words', 'PROFILE'),
  knownNetwork: many('Network that the machine is on, by its name', 'NAME'),
  nameFrom: many('How the name must be known: dns, resolved, http, sni, quic', 'SOURCE'),
} as const;

export interface ConditionFlags {
  readonly app?: readonly string[];
  readonly script?: readonly string[];
  readonly package?: readonly string[];
  readonly sha256?: readonly string[];
  readonly unit?: readonly string[];
  readonly flatpak?: readonly string[];
  readonly snap?: readonly string[];
  readonly appimage?: readonly string[];
  readonly container?: readonly string[];
  readonly pid?: number;
  readonly ancestor?: readonly string[];
  readonly args?: readonly string[];
  readonly user?: readonly string[];
  readonly group?: readonly string[];
  readonly supplementaryGroup?: readonly string[];
  readonly cgroup?: readonly string[];
  readonly label?: readonly string[];
  readonly seeded?: boolean;
  readonly to?: readonly string[];
  readonly from?: readonly string[];
  readonly port?: readonly string[];
  readonly protocol?: readonly string[];
  readonly icmpType?: readonly string[];
  readonly direction?: readonly string[];
  readonly interface?: readonly string[];
  readonly network?: readonly string[];
  readonly profile?: readonly string[];
  readonly knownNetwork?: readonly string[];
  readonly nameFrom?: readonly string[];
}

/** Commas separate where no value has one of its own. */
const split = (values: readonly string[]) =>
  values.flatMap((value) => value.split(',')).filter((value) => value !== '');

function oneOrMany<T>(values: readonly T[]): T | T[] {
  return values.length === 1 ? (values[0] as T) : [...values];
}

const appKeys = ['script', 'package', 'sha256', 'unit', 'flatpak', 'snap', 'appimage', 'container'] as const;

/** All app flags describe one program: every one must hold, and a flag given twice is two programs. */
function appOf(flags: ConditionFlags, startTime: string | undefined): RuleText['app'] {
  const given = appKeys.filter((key) => flags[key] !== undefined);
  const paths = flags.app ?? [];
  if (given.length === 0 && flags.pid === undefined) return paths.length === 0 ? undefined : oneOrMany(paths);
  let apps: Record<string, unknown>[] = [
    flags.pid === undefined ? {} : { pid: flags.pid, ...(startTime !== undefined && { startTime }) },
  ];
  const multiply = (key: string, values: readonly string[]) => {
    apps = apps.flatMap((app) => values.map((value) => ({ ...app, [key]: value })));
  };
  if (paths.length > 0) multiply('path', paths);
  for (const key of given) multiply(key, flags[key] ?? []);
  return oneOrMany(apps) as RuleText['app'];
}

const numberOrText = (value: string) => (/^\d+$/.test(value) ? Number(value) : value);

/** The conditions as a rule has them. A value that no rule may have ends the command. `startTime` belongs to `--pid`. */
export function conditionsOf(flags: ConditionFlags, startTime?: string): Partial<RuleText> {
  const conditions: Record<string, unknown> = {};
  const put = (key: string, values: readonly unknown[] | undefined) => {
    if (values !== undefined && values.length > 0) conditions[key] = oneOrMany(values);
  };
  const app = appOf(flags, startTime);
  if (app !== undefined) conditions.app = app;
  put('ancestor', flags.ancestor);
  put('args', flags.args);
  put('user', flags.user && split(flags.user).map(numberOrText));
  put('group', flags.group && split(flags.group).map(numberOrText));
  put('supplementary-group', flags.supplementaryGroup && split(flags.supplementaryGroup).map(numberOrText));
  put('cgroup', flags.cgroup);
  put('label', flags.label);
  if (flags.seeded === true) conditions.seeded = true;
  put('to', flags.to && split(flags.to));
  put('from', flags.from && split(flags.from));
  put('name-from', flags.nameFrom && split(flags.nameFrom));
  put('port', flags.port && split(flags.port).map(numberOrText));
  put('protocol', flags.protocol && split(flags.protocol).map(numberOrText));
  put('icmp-type', flags.icmpType && split(flags.icmpType).map(numberOrText));
  put('direction', flags.direction && split(flags.direction));
  put('interface', flags.interface);
  put('network', flags.network && split(flags.network));
  put('profile', flags.profile && split(flags.profile));
  put('known-network', flags.knownNetwork);
  const parsed = conditionsSchema.safeParse(conditions);
  if (parsed.success) return parsed.data as Partial<RuleText>;
  const [issue] = parsed.error.issues;
  throw new Ending(exits.usage, `--${issue?.path[0] === undefined ? '' : String(issue.path[0])}: ${issue?.message}`);
}
