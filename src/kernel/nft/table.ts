// The text of our one nftables table for the modes that enforce. ARCHITECTURE.md says what each chain is for.
import type { FailMode } from '#model/mode.ts';
import { askElsewhere, type ConfinedCgroup, confinedLines } from './confined.ts';
import { conntrackMask, type Marks } from './marks.ts';
import { judgeQuestionsAgain, namesCopied, queueQuestions } from './questions.ts';

export const tableName = 'postern';

/** An empty chain by which Postern knows a table of its own. */
export const ownerMark = 'made_by_postern';

/** And one that names how the table was built, see nft/standing.ts. */
export function planMark(fingerprint: string): string {
  return `plan_${fingerprint}`;
}

/** NFLOG group: copies of what the kernel decides by itself or, in `observe`, of every new flow. */
export const copyGroup = 0x504f;

export const hooks = ['output', 'input', 'forward'] as const;
export type Hook = (typeof hooks)[number];

export interface TablePlan {
  readonly failMode: FailMode;
  /** Whether forwarded flows are judged. */
  readonly forward: boolean;
  readonly marks: Marks;
  readonly queueNumber: number;
  /** `native` writes nft's queue statement; `compat` leaves the queue chains empty and the table asleep, see nft/wake.ts. */
  readonly queue: 'native' | 'compat';
  /** Lines of the chains kernel_output, kernel_input and kernel_forward, of nft/kernelrules.ts. */
  readonly kernelRules: Readonly<Record<Hook, readonly string[]>>;
  /** What matches the packets that are judged; left out: all. */
  readonly scope?: string | undefined;
  /** Whether what flows say first may be listened to. */
  readonly listens?: boolean | undefined;
  /** Cgroups of which no such program knows that they confine. */
  readonly confined?: readonly ConfinedCgroup[] | undefined;
  /** Whether the chain of these stands already, in a table whose rules are exchanged. */
  readonly elsewhere?: boolean | undefined;
  /** BPF programs that know the flows of sockets; then output and input use no conntrack. See nft/programs.ts. */
  readonly programs?: ChainPrograms | undefined;
}

/** Hooks whose flows belong to sockets of this machine. */
export type SocketHook = Exclude<Hook, 'forward'>;

/** Where programs are asked: what leaves by other interfaces than lo, what leaves by lo, what comes in, what is forwarded. */
export type AskingPlace = 'output' | 'loopback' | 'input' | 'forward';

export interface ChainPrograms {
  /** Names the programs' build: a table with those of another build is put up anew. */
  readonly build: string;
  /** Descriptors of the programs in this process. */
  readonly passed: Readonly<Record<SocketHook, number>>;
  readonly fds: Readonly<Record<AskingPlace, Readonly<Record<'allowed' | 'rejected' | 'dropped', number>>>>;
  /** And of the one that knows the forwarded packets of this machine's own programs, in containers. */
  readonly guest: number;
  /** And of the one that knows which connections are listened to. */
  readonly listened: number;
}

function asksPrograms(hook: Hook, plan: TablePlan): hook is SocketHook {
  return plan.programs !== undefined && hook !== 'forward';
}

const hex = (value: number) => `0x${(value >>> 0).toString(16)}`;

/** New flows a second that one user may open, and one remote address may; beyond that the kernel refuses and counts. */
export const userRate = { perSecond: 8000, burst: 8000 } as const;
export const peerRate = { perSecond: 2000, burst: 4000 } as const;

/** Seconds a refused datagram's flow is refused again without asking the gate. */
const refusalSeconds = 10;
const setSize = 65535;

function sets(hook: Hook): string[] {
  const owner = hook === 'output' ? 'uid . ' : '';
  return [4, 6].flatMap((family) =>
    ['rejected', 'dropped'].map(
      (what) =>
        `set ${what}_${hook}${family} { type ${owner}inet_proto . ipv${family}_addr . ipv${family}_addr . inet_service . inet_service; ` +
        `size ${setSize}; flags dynamic,timeout; timeout ${refusalSeconds}s; }`,
    ),
  );
}

function flowKey(hook: Hook, family: 4 | 6): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const owner = hook === 'output' ? 'meta skuid . ' : '';
  return `${owner}meta l4proto . ${ip} saddr . ${ip} daddr . th sport . th dport`;
}

/** Which bit a packet must carry to pass, by the direction it has in its flow. */
function judged(hook: Hook, marks: Marks): { original: number; reply: number } {
  if (hook === 'output') return { original: marks.out, reply: marks.in | marks.out };
  if (hook === 'input') return { original: marks.in, reply: marks.out | marks.in };
  return { original: marks.forward, reply: marks.forward };
}

function rateRules(hook: Hook): string[] {
  const rule = (set: string, key: string, rate: { perSecond: number; burst: number }) =>
    `add @${set} { ${key} limit rate over ${rate.perSecond}/second burst ${rate.burst} packets } counter name rate_limited drop`;
  if (hook === 'output') return [rule('rate_user', 'meta skuid', userRate)];
  return [rule('rate_peer4', 'ip saddr', peerRate), rule('rate_peer6', 'ip6 saddr', peerRate)];
}

/**
 * An ICMP error by which the kernel tells a program of this machine why it is refused goes over lo. What conntrack would call
 * related passes: errors that no program sends by itself.
 */
function refusalsTold(hook: SocketHook): string[] {
  const [name, verdict] = hook === 'output' ? ['oif', 'jump errors_output'] : ['iif', 'accept'];
  return [
    `${name} "lo" icmp type { destination-unreachable, time-exceeded, parameter-problem } ${verdict}`,
    `${name} "lo" icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } ${verdict}`,
  ];
}

/** A packet of the kernel's own has no user. */
const errorsChain = ['meta skuid 0-4294967295 return', 'accept'];

/** On its way out a packet does not tell the programs its interface. */
function asks(hook: SocketHook, what: 'allowed' | 'refused'): string[] {
  if (hook === 'input') return [`jump ${what}_input`];
  return [`oif != "lo" jump ${what}_output`, `oif "lo" jump ${what}_loopback`];
}

/** What is most of the traffic stands first: each rule before it costs every packet. */
function allowedFirst(hook: SocketHook): string[] {
  if (hook === 'input') return [laterFragments, ...refusalsTold(hook), ...asks(hook, 'allowed')];
  const [elsewhere = '', onLoopback = ''] = asks(hook, 'allowed');
  return [elsewhere, ...refusalsTold(hook), onLoopback];
}

/** TCP that opens nothing belongs to a connection that was judged when it was opened, or to nobody. */
const tcpGoesOn = 'meta l4proto tcp tcp flags & (fin | syn | rst | ack) != syn accept';
/** Later fragments have no ports; without their first, which is judged, they are nothing. IPv4 is put together before this hook. */
const laterFragments = 'meta nfproto ipv6 frag frag-off != 0 accept';

function refusalsAgain(hook: Hook): string[] {
  return ([4, 6] as const).flatMap((family) => [
    `meta l4proto { udp, udplite } ${flowKey(hook, family)} @rejected_${hook}${family} counter name remembered goto refuse`,
    `meta l4proto { udp, udplite } ${flowKey(hook, family)} @dropped_${hook}${family} counter name remembered drop`,
  ]);
}

/** Where who asks name servers is found only while the question waits. */
function asksWho(hook: Hook, { programs }: TablePlan): boolean {
  return hook === 'output' && programs === undefined;
}

/** What the program of a connection sends while nobody has heard enough of it, and with it its acknowledgements. */
function listened({ marks, listens }: TablePlan): string[] {
  if (listens !== true) return [];
  const { out, heard } = marks;
  const begun = `ct direction original ct mark and ${hex(out | heard)} == ${hex(out)} tcp flags & (syn | rst) == 0x0`;
  return [`${begun} jump queue_output`];
}

/** A flow with our conntrack bit for the packet's direction. */
function judgedLines(hook: Hook, plan: TablePlan): string[] {
  const { original, reply } = judged(hook, plan.marks);
  return [
    ...(asksWho(hook, plan) ? [...listened(plan), judgeQuestionsAgain] : []),
    `ct direction original ct mark and ${hex(original)} != 0x0 accept`,
    `ct direction reply ct mark and ${hex(reply)} != 0x0 accept`,
    `ct state related ct mark and ${hex(conntrackMask(plan.marks))} != 0x0 accept`,
  ];
}

function decideChain(hook: Hook, plan: TablePlan): string[] {
  const refusals = refusalsAgain(hook);
  const rest = [...refusals, ...rateRules(hook), `jump queue_${hook}`];
  if (asksPrograms(hook, plan)) {
    return [
      `type filter hook ${hook} priority -150; policy accept;`,
      ...(hook === 'output' ? ['meta l4proto tcp jump listened_output'] : []),
      tcpGoesOn,
      ...allowedFirst(hook),
      `jump kernel_${hook}`,
      ...asks(hook, 'refused'),
      ...rest,
    ];
  }
  return [
    `type filter hook ${hook} priority -150; policy accept;`,
    ...(asksWho(hook, plan) ? ['jump confined_output'] : []),
    ...(hook === 'forward' ? [] : [namesCopied(hook)]),
    ...(asksWho(hook, plan) ? ['jump judged_output'] : judgedLines(hook, plan)),
    ...(plan.programs === undefined ? [] : ['jump allowed_forward', 'jump guests_forward']),
    `jump kernel_${hook}`,
    ...rest,
  ];
}

/** What becomes of a packet that the gate has judged; one that nobody judged (queue bypass) passes as allowed. */
function afterChain(hook: Hook, plan: TablePlan): string[] {
  const { marks } = plan;
  const { original, reply } = judged(hook, marks);
  const replyBit = hook === 'output' ? marks.in : hook === 'input' ? marks.out : marks.forward;
  const refusals = [
    `type filter hook ${hook} priority -140; policy accept;`,
    `meta mark ${hex(marks.reject)} goto rejected_${hook}`,
    `meta mark ${hex(marks.drop)} goto dropped_${hook}`,
    ...(asksWho(hook, plan)
      ? [`meta mark and ${hex(marks.confined)} != 0x0 meta mark set meta mark and ${hex(~marks.confined >>> 0)}`]
      : []),
  ];
  if (asksPrograms(hook, plan)) return refusals;
  return [
    ...refusals,
    `ct direction original ct mark and ${hex(original)} == 0x0 ct state != untracked ct mark set ct mark or ${hex(original)}`,
    `ct direction reply ct mark and ${hex(reply)} == 0x0 ct state != untracked ct mark set ct mark or ${hex(replyBit)}`,
  ];
}

function rememberRules(hook: Hook, set: 'rejected' | 'dropped'): string[] {
  return ([4, 6] as const).map(
    (family) => `meta l4proto { udp, udplite } update @${set}_${hook}${family} { ${flowKey(hook, family)} }`,
  );
}

function chain(name: string, lines: readonly string[]): string {
  return `chain ${name} {\n${lines.map((line) => `  ${line}\n`).join('')}}`;
}

function queueLines({ queue, queueNumber }: TablePlan, bypass: boolean): string[] {
  return queue === 'compat' ? [] : [`counter name queued queue num ${queueNumber}${bypass ? ' bypass' : ''}`];
}

/**
 * What the kernel's own rules allow. Without a gate there is nobody to find who asks, and what they allow passes. Since they ask for
 * no name, nobody need hear more of it.
 */
function passedLines(hook: Hook, plan: TablePlan): string[] {
  if (asksPrograms(hook, plan)) return [];
  if (!asksWho(hook, plan)) return ['accept'];
  const heard = `ct state != untracked ct mark set ct mark or ${hex(plan.marks.heard)}`;
  return [queueQuestions, heard, 'accept'];
}

/** What is forwarded for a program of this machine: rules that name no program are not enough to let it pass. Filled by nft/wake.ts. */
function guestChains(): string[] {
  return [
    chain('allowed_forward', []),
    chain('guests_forward', []),
    chain('refused_forward', []),
    chain('guest_forward', [
      'jump refused_forward',
      ...refusalsAgain('forward'),
      ...rateRules('forward'),
      'jump queue_forward',
    ]),
  ];
}

/** Filled by nft/wake.ts. */
function askingChains(hook: SocketHook): string[] {
  const places = hook === 'output' ? ['output', 'loopback'] : ['input'];
  return [
    ...places.flatMap((place) => [chain(`allowed_${place}`, []), chain(`refused_${place}`, [])]),
    ...(hook === 'output' ? [chain('errors_output', errorsChain), chain('listened_output', [])] : []),
  ];
}

/** A chain at a hook; where only some are judged, what it says stands in a chain of its own, for their packets alone. */
function baseChain(name: string, kind: string, lines: readonly string[], { scope }: TablePlan): string[] {
  const [type = '', ...rest] = lines;
  if (scope === undefined) return [chain(name, lines)];
  const own = `${kind}_of_some_${name}`;
  return [chain(own, rest), chain(name, [type, `${scope} jump ${own}`])];
}

function hookChains(hook: Hook, plan: TablePlan): string[] {
  return [
    ...sets(hook),
    ...(asksWho(hook, plan)
      ? [
          chain('confined_output', confinedLines(plan.confined ?? [], plan.marks)),
          chain('judged_output', judgedLines(hook, plan)),
          chain('questions_output', queueLines(plan, plan.confined === undefined || plan.confined.length === 0)),
        ]
      : []),
    chain(`passed_${hook}`, passedLines(hook, plan)),
    chain(`kernel_${hook}`, plan.kernelRules[hook]),
    ...(asksPrograms(hook, plan) ? askingChains(hook) : []),
    chain(`queue_${hook}`, queueLines(plan, plan.failMode === 'open')),
    ...(hook === 'forward' && plan.programs !== undefined ? guestChains() : []),
    chain(`rejected_${hook}`, [...rememberRules(hook, 'rejected'), 'goto refuse']),
    chain(`dropped_${hook}`, [...rememberRules(hook, 'dropped'), 'counter name refused drop']),
    ...baseChain(hook, 'decide', decideChain(hook, plan), plan),
    ...baseChain(`${hook}_after`, 'after', afterChain(hook, plan), plan),
  ];
}

/** ICMP host-prohibited, so that `ping` says so; ICMPv6 has only admin-prohibited (RFC 1812 5.2.7.1, RFC 4443 3.1). */
function refuseChain({ marks, programs }: TablePlan): string {
  return chain('refuse', [
    ...(programs === undefined ? [`ct state != untracked ct mark set ct mark or ${hex(marks.refused)}`] : []),
    'meta l4proto tcp counter name refused reject with tcp reset',
    'meta nfproto ipv4 counter name refused reject with icmp type host-prohibited',
    'counter name refused reject with icmpv6 type admin-prohibited',
  ]);
}

/** The chains judged by this plan. */
export function plannedHooks(plan: Pick<TablePlan, 'forward'>): readonly Hook[] {
  return plan.forward ? hooks : ['output', 'input'];
}

/** Whether the table is put up asleep, for rules that nft cannot write; see nft/wake.ts. */
export function isWoken(plan: Pick<TablePlan, 'queue' | 'programs'>): boolean {
  return plan.queue === 'compat' || plan.programs !== undefined;
}

/** One nft transaction: whatever table of ours is there is replaced. */
export function renderTable(plan: TablePlan, fingerprint: string): string {
  const body = [
    ...(isWoken(plan) ? ['flags dormant'] : []),
    chain(ownerMark, []),
    chain(planMark(fingerprint), []),
    'counter refused { }',
    'counter remembered { }',
    'counter rate_limited { }',
    'counter queued { }',
    `set rate_user { type uid; size ${setSize}; flags dynamic,timeout; timeout 1m; }`,
    `set rate_peer4 { type ipv4_addr; size ${setSize}; flags dynamic,timeout; timeout 1m; }`,
    `set rate_peer6 { type ipv6_addr; size ${setSize}; flags dynamic,timeout; timeout 1m; }`,
    refuseChain(plan),
    ...plannedHooks(plan).flatMap((hook) => hookChains(hook, plan)),
  ];
  const indented = body.map((part) => `${part.replace(/^/gm, '  ')}\n`).join('');
  const elsewhere = askElsewhere(tableName, plan.confined ?? [], false)
    .map((line) => `${line}\n`)
    .join('');
  return `${removeTable()}table inet ${tableName} {\n${indented}}\n${elsewhere}`;
}

/** Removes our table, also where there is none. */
export function removeTable(): string {
  return `add table inet ${tableName}\ndelete table inet ${tableName}\n`;
}

/** One transaction that exchanges the kernel's own rules and forgets the remembered refusals. */
export function renderRules(plan: TablePlan): string {
  return plannedHooks(plan)
    .flatMap((hook) => [
      ...(asksWho(hook, plan)
        ? [
            ...exchange('confined_output', confinedLines(plan.confined ?? [], plan.marks)),
            ...askElsewhere(tableName, plan.confined ?? [], plan.elsewhere === true),
            ...exchange('judged_output', judgedLines(hook, plan)),
            ...exchange('passed_output', passedLines(hook, plan)),
          ]
        : []),
      `flush chain inet ${tableName} kernel_${hook}`,
      ...[4, 6].flatMap((family) => [
        `flush set inet ${tableName} rejected_${hook}${family}`,
        `flush set inet ${tableName} dropped_${hook}${family}`,
      ]),
      ...plan.kernelRules[hook].map((line) => `add rule inet ${tableName} kernel_${hook} ${line}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function exchange(chain: string, lines: readonly string[]): string[] {
  const add = (line: string) => `add rule inet ${tableName} ${chain} ${line}`;
  return [`flush chain inet ${tableName} ${chain}`, ...lines.map(add)];
}
