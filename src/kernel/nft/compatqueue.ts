// For kernels without nft's `queue`: puts the xt target NFQUEUE into our sleeping table and wakes it, in one transaction.
import { fail, ok, type Result } from '#std/result.ts';
import { parseAcks } from '#wire/netlink.ts';
import { appendRuleBatch } from '#wire/nftbatch.ts';
import { Writer } from '#wire/writer.ts';
import { codeOf } from '../ffi.ts';
import { NetlinkSocket, netlinkFamilies } from '../netlink/socket.ts';
import { plannedHooks, type TablePlan, tableName } from './table.ts';

/** The error is a sentence with the kernel's reason; then nothing has changed. */
export function wakeWithQueue(plan: TablePlan): Result<void> {
  const writer = Writer.growing(1024);
  const expected = appendRuleBatch(writer, 1, {
    table: tableName,
    rules: plannedHooks(plan).map((hook) => ({
      chain: `queue_${hook}`,
      counter: 'queued',
      action: { queue: plan.queueNumber, bypass: plan.failMode === 'open' },
    })),
    dormant: false,
  });
  const socket = new NetlinkSocket({ family: netlinkFamilies.netfilter });
  try {
    socket.setOption('extAck', 1);
    socket.send(writer.finished());
    let acknowledged = 0;
    for (let datagram = socket.receive(); datagram !== undefined; datagram = socket.receive()) {
      const acks = parseAcks(datagram);
      if (!acks.ok) return acks;
      for (const ack of acks.value) {
        if (ack.type === 'error') {
          return fail(
            `the packet queue could not be put into the table: ${codeOf(ack.errno)} ${ack.text ?? ''}`.trim(),
          );
        }
        acknowledged += 1;
      }
    }
    return acknowledged === expected
      ? ok(undefined)
      : fail(
          `the kernel acknowledged ${acknowledged} of ${expected} changes when the packet queue was put into the table`,
        );
  } finally {
    socket.close();
  }
}
