// The text of our table in `observe`: copies of the first packet of each flow, no queue, no verdict, no `ct` expression.
import { namesCopied } from './questions.ts';
import { copyGroup, ownerMark, removeTable, tableName } from './table.ts';

/** Bytes of each packet that a copy carries: room for IPv6 extension headers and the transport header. */
export const copyBytes = 256;

const setLine = 'size 65535; flags dynamic,timeout; timeout 1m;';

function key(family: 4 | 6, ports: boolean, reversed: boolean): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const ends = reversed ? `${ip} daddr . ${ip} saddr` : `${ip} saddr . ${ip} daddr`;
  const portPair = reversed ? ' . th dport . th sport' : ' . th sport . th dport';
  return `meta l4proto . ${ends}${ports ? portPair : ''}`;
}

/** Copies a flow once a minute: not again while its key is in the set, and never the answers to a flow of the other direction. */
function copyLines(hook: 'output' | 'input', family: 4 | 6, ports: boolean): string[] {
  const other = hook === 'output' ? 'input' : 'output';
  const kind = ports ? 'flows' : 'pairs';
  const set = `${kind}_${hook}${family}`;
  return [
    `${key(family, ports, false)} @${set} return`,
    `${key(family, ports, true)} @${kind}_${other}${family} return`,
    `add @${set} { ${key(family, ports, false)} } log group ${copyGroup} snaplen ${copyBytes}`,
  ];
}

const indent = (lines: readonly string[]) => lines.map((line) => `    ${line}\n`).join('');

function hookChains(hook: 'output' | 'input', names: boolean): string {
  const kinds = [
    { name: 'flows', ports: true },
    { name: 'pairs', ports: false },
  ] as const;
  const chains = kinds.flatMap(({ name, ports }) => [
    ...([4, 6] as const).map(
      (family) => `  chain ${hook}_${name}${family} {\n${indent(copyLines(hook, family, ports))}  }\n`,
    ),
    `  chain ${hook}_${name} {\n${indent([
      `meta nfproto ipv4 goto ${hook}_${name}4`,
      `meta nfproto ipv6 goto ${hook}_${name}6`,
    ])}  }\n`,
  ]);
  const base = indent([
    `type filter hook ${hook} priority -150; policy accept;`,
    ...(names ? [namesCopied(hook)] : []),
    'ip frag-off and 0x1fff != 0x0 return',
    `tcp flags and (fin | syn | rst | ack) == syn log group ${copyGroup} snaplen ${copyBytes}`,
    `meta l4proto { udp, udplite, sctp } goto ${hook}_flows`,
    `meta l4proto != { tcp, udp, udplite, sctp } goto ${hook}_pairs`,
  ]);
  return `${chains.join('')}  chain ${hook} {\n${base}  }\n`;
}

/** One nft transaction: whatever table of ours is there is replaced. `names`: what passes to and from name servers is copied too. */
export function renderObserveTable({ names }: { readonly names: boolean }): string {
  const sets = (['output', 'input'] as const).flatMap((hook) =>
    ([4, 6] as const).flatMap((family) => [
      `  set flows_${hook}${family} { type inet_proto . ipv${family}_addr . ipv${family}_addr . inet_service . inet_service; ${setLine} }\n`,
      `  set pairs_${hook}${family} { type inet_proto . ipv${family}_addr . ipv${family}_addr; ${setLine} }\n`,
    ]),
  );
  return `${removeTable()}table inet ${tableName} {\n  chain ${ownerMark} { }\n${sets.join('')}${hookChains('output', names)}${hookChains('input', names)}}\n`;
}
