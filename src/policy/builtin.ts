// The built-in rules: what a machine needs to work at all. They are rules like others, at priority −10, and can be switched off.
import { type Address, formatAddress } from '#model/net/address.ts';
import type { RuleRecord, RuleText } from '#model/rule.ts';
import { selfTestAddresses, selfTestRule } from '#model/shown/selftest.ts';

/** Services that keep the clock, under the names that Debian, Fedora, Arch and their kin give them. */
const timeUnits = [
  'systemd-timesyncd.service',
  'chrony.service',
  'chronyd.service',
  'ntp.service',
  'ntpd.service',
  'ntpsec.service',
  'openntpd.service',
];

const ownUnits = ['postern.service', 'postern-gate.service'];

/** A user may name a unit of their own as they like; only the system's manager puts units here. */
const systemUnits = '/system.slice';

export interface BuiltinContext {
  /** The name servers that the machine is configured to ask. */
  readonly resolvers: readonly Address[];
}

export function builtinRules({ resolvers }: BuiltinContext): RuleRecord[] {
  const rules: RuleText[] = [
    allow('loopback-out', 'Programs of this machine talk to each other over loopback.', { to: 'loopback' }),
    {
      name: selfTestRule,
      action: 'reject',
      note: 'Nobody is there: Postern tries it to see that what is refused fails.',
      to: selfTestAddresses.refused,
    },
    allow('loopback-in', 'The other end of loopback traffic.', { direction: 'in', from: 'loopback' }),
    allow('loopback-interface', 'Traffic to the own addresses of this machine stays on interface lo.', {
      direction: ['out', 'in'],
      interface: 'lo',
    }),
    allow('neighbour-discovery', 'IPv6 cannot find its router or its neighbours without these (RFC 4861).', {
      direction: ['out', 'in'],
      protocol: 'icmpv6',
      // Router solicitation and advertisement, neighbour solicitation and advertisement.
      'icmp-type': [133, 134, 135, 136],
    }),
    allow('multicast-listener', 'Switches learn from these who wants which multicast group (RFC 2710, RFC 3810).', {
      direction: ['out', 'in'],
      protocol: 'icmpv6',
      'icmp-type': [130, 131, 132, 143],
    }),
    allow('igmp', 'Multicast membership over IPv4 (RFC 3376).', { direction: ['out', 'in'], protocol: 2 }),
    allow('icmp-errors', 'Unreachable, time exceeded, parameter problem: path MTU discovery needs them (RFC 1122).', {
      direction: ['out', 'in', 'forward'],
      protocol: 'icmp',
      'icmp-type': [3, 11, 12],
    }),
    allow('icmpv6-errors', 'Unreachable, packet too big, time exceeded, parameter problem (RFC 4443, RFC 4890).', {
      direction: ['out', 'in', 'forward'],
      protocol: 'icmpv6',
      'icmp-type': [1, 2, 3, 4],
    }),
    allow('dhcp-out', 'The machine asks for its IPv4 address (RFC 2131).', {
      protocol: 'udp',
      from: 'any:68',
      port: 67,
    }),
    allow('dhcp-in', 'The answer to that.', { direction: 'in', protocol: 'udp', from: 'any:67', port: 68 }),
    allow('dhcpv6-out', 'The machine asks for IPv6 addresses and prefixes (RFC 8415).', {
      protocol: 'udp',
      from: 'any:546',
      port: 547,
    }),
    allow('dhcpv6-in', 'The answer to that.', { direction: 'in', protocol: 'udp', from: 'any:547', port: 546 }),
    allow('time', 'The clock is kept by the unit that the system has for it.', {
      app: timeUnits.map((unit) => ({ unit })),
      cgroup: systemUnits,
      protocol: 'udp',
      port: 123,
    }),
    allow('kernel-made', 'Resets, errors and keep-alives that the kernel sends by itself.', { app: { kernel: true } }),
    allow('closed-ports', 'Nobody listens there: the kernel refuses by itself, and there is nobody to ask about.', {
      app: { kernel: true },
      direction: 'in',
      protocol: ['tcp', 'udp', 'udplite', 'sctp'],
    }),
    // Its pages are reached over loopback by the rules above; who comes to them from other machines needs a rule like anybody.
    allow('postern', 'What the daemon itself asks for.', {
      app: ownUnits.map((unit) => ({ unit })),
      cgroup: systemUnits,
    }),
  ];
  if (resolvers.length > 0) {
    rules.push(
      allow('resolvers', 'The name servers that this machine is configured to ask.', {
        to: [...new Set(resolvers.map(formatAddress))].sort(),
        protocol: ['udp', 'tcp'],
        port: 53,
      }),
    );
  }
  return rules.map((rule) => ({ rule, origin: 'builtin' }));
}

function allow(name: string, note: string, conditions: Partial<RuleText>): RuleText {
  return { name: `builtin-${name}`, action: 'allow', note, ...conditions };
}
