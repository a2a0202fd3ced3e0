// Puts into our sleeping table the rules that nft cannot write (the xt target NFQUEUE where there is no `queue`, the xt match `bpf`)
// and wakes it, in one transaction.
import { fail, ok, type Result } from '#std/result.ts';
import { parseAcks } from '#wire/netlink.ts';
import { appendRuleBatch, type BatchRule } from '#wire/nftbatch.ts';
import { appendExtensionQuery, type Extension } from '#wire/nftcompat.ts';
import { Writer } from '#wire/writer.ts';
import { codeOf } from '../ffi.ts';
import { request } from '../netlink/requests.ts';
import { NetlinkSocket, netlinkFamilies } from '../netlink/socket.ts';
import { plannedHooks, type TablePlan, tableName } from './table.ts';

function queueRules(plan: TablePlan): BatchRule[] {
  if (plan.queue === 'native') return [];
  const rule = (chain: string, bypass: boolean): BatchRule => ({
    ...{ chain, counter: 'queued' },
    action: { queue: plan.queueNumber, bypass },
  });
  const judged = plannedHooks(plan).map((hook) => rule(`queue_${hook}`, plan.failMode === 'open'));
  return plan.programs === undefined ? [...judged, rule('questions_output', true)] : judged;
}

function programRules({ programs, forward }: TablePlan): BatchRule[] {
  if (programs === undefined) return [];
  // Whatever the program answers, the packet passes.
  const passed = Object.entries(programs.passed).flatMap(([hook, program]): BatchRule[] => [
    { chain: `passed_${hook}`, program, action: { verdict: 'accept' } },
    { chain: `passed_${hook}`, action: { verdict: 'accept' } },
  ]);
  const guests: BatchRule = { chain: 'guests_forward', program: programs.guest, action: { goto: 'guest_forward' } };
  const listened: BatchRule = {
    chain: 'listened_output',
    program: programs.listened,
    action: { goto: 'queue_output' },
  };
  const asked = Object.entries(programs.fds).flatMap(([place, { allowed, rejected, dropped }]): BatchRule[] => {
    if (place === 'forward' && !forward) return [];
    return [
      { chain: `allowed_${place}`, program: allowed, action: { verdict: 'accept' } },
      { chain: `refused_${place}`, program: rejected, action: { goto: 'refuse' } },
      { chain: `refused_${place}`, program: dropped, counter: 'refused', action: { verdict: 'drop' } },
    ];
  });
  return [...passed, listened, ...asked, ...(forward ? [guests] : [])];
}

/** What the rules above are made of. */
function extensions(plan: TablePlan): Extension[] {
  return [
    ...(plan.programs === undefined ? [] : [{ kind: 'match', name: 'bpf', revision: 1 } as const]),
    ...(plan.queue === 'native' ? [] : [{ kind: 'target', name: 'NFQUEUE', revision: 3 } as const]),
  ];
}

/** Where they are modules, the kernel loads them now; where they cannot be had, the rules will say so. */
function loadExtensions(socket: NetlinkSocket, plan: TablePlan): void {
  for (const extension of extensions(plan)) {
    const writer = Writer.growing(64);
    appendExtensionQuery(writer, 1, extension);
    request(socket, writer.finished(), 1);
  }
}

/** The error is a sentence with the kernel's reason; then nothing has changed. */
export function wakeTable(plan: TablePlan): Result<void> {
  const writer = Writer.growing(4096);
  const rules = [...programRules(plan), ...queueRules(plan)];
  const expected = appendRuleBatch(writer, 1, { table: tableName, rules, dormant: false });
  const socket = new NetlinkSocket({ family: netlinkFamilies.netfilter });
  try {
    socket.setOption('extAck', 1);
    loadExtensions(socket, plan);
    socket.send(writer.finished());
    let acknowledged = 0;
    for (let datagram = socket.receive(); datagram !== undefined; datagram = socket.receive()) {
      const acks = parseAcks(datagram);
      if (!acks.ok) return acks;
      for (const ack of acks.value) {
        if (ack.type === 'error') {
          return fail(
            `rules for the packet queue or the BPF programs could not be put into the table: ${codeOf(ack.errno)} ${ack.text ?? ''}`.trim(),
          );
        }
        acknowledged += 1;
      }
    }
    return acknowledged === expected
      ? ok(undefined)
      : fail(`the kernel acknowledged ${acknowledged} of ${expected} changes when the table was woken`);
  } finally {
    socket.close();
  }
}
