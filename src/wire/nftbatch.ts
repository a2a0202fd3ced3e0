// One nf_tables transaction that the nft program cannot write: the xtables target NFQUEUE as a rule, for kernels without nft's own `queue`.
import { NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, NFNL_SUBSYS_NFTABLES, NFPROTO_INET } from './constants/netfilter.ts';
import { AF_UNSPEC, NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST } from './constants/netlink.ts';
import {
  NFQ_FLAG_BYPASS,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWTABLE,
  NFT_OBJECT_COUNTER,
  NFT_TABLE_F_DORMANT,
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_LIST_ELEM,
  NFTA_OBJREF_IMM_NAME,
  NFTA_OBJREF_IMM_TYPE,
  NFTA_RULE_CHAIN,
  NFTA_RULE_EXPRESSIONS,
  NFTA_RULE_TABLE,
  NFTA_TABLE_FLAGS,
  NFTA_TABLE_NAME,
  NFTA_TARGET_INFO,
  NFTA_TARGET_NAME,
  NFTA_TARGET_REV,
} from './constants/nftables.ts';
import { beginNetfilter } from './netlink.ts';
import type { Writer } from './writer.ts';

/** What the transaction does to a table of family inet that exists already. */
export interface QueueBatch {
  readonly table: string;
  /** Each gets one rule at its end, which sends every packet to the queue. */
  readonly chains: readonly string[];
  /** 0–65535 */
  readonly queue: number;
  /** Where nobody listens on the queue, the packet goes on after the rule instead of being dropped. */
  readonly bypass: boolean;
  /** A named counter of the table that counts before the packet is queued. */
  readonly counter?: string;
  /** Sets (`true`) or takes (`false`) the table's flag dormant, in the same transaction; left out: as it is. */
  readonly dormant?: boolean;
}

/**
 * Writes the whole transaction; send it in one call. The messages have the sequences `sequence`, `sequence + 1` and so on,
 * and those between the batch's begin and end are acknowledged; the number of acknowledgements to expect is returned.
 * Any error means that nothing was changed (ENOENT: no such table, chain or counter, or no xt_NFQUEUE in this kernel).
 */
export function appendQueueBatch(writer: Writer, sequence: number, batch: QueueBatch): number {
  let next = sequence;
  appendBatchEdge(writer, NFNL_MSG_BATCH_BEGIN, next++);
  for (const chain of batch.chains) appendQueueRule(writer, next++, chain, batch);
  if (batch.dormant !== undefined) appendTableFlags(writer, next++, batch.table, batch.dormant);
  appendBatchEdge(writer, NFNL_MSG_BATCH_END, next);
  return next - sequence - 1;
}

function appendBatchEdge(writer: Writer, type: number, sequence: number): void {
  const start = writer.beginMessage(type, NLM_F_REQUEST, sequence);
  writer.u8(AF_UNSPEC);
  writer.u8(0); // NFNETLINK_V0
  writer.be16(NFNL_SUBSYS_NFTABLES);
  writer.endMessage(start);
}

function appendTableFlags(writer: Writer, sequence: number, table: string, dormant: boolean): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const start = beginNetfilter(writer, NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE, flags, sequence, NFPROTO_INET, 0);
  writer.attributeText(NFTA_TABLE_NAME, table);
  writer.attributeBe32(NFTA_TABLE_FLAGS, dormant ? NFT_TABLE_F_DORMANT : 0);
  writer.endMessage(start);
}

function appendQueueRule(writer: Writer, sequence: number, chain: string, batch: QueueBatch): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND;
  const start = beginNetfilter(writer, NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWRULE, flags, sequence, NFPROTO_INET, 0);
  writer.attributeText(NFTA_RULE_TABLE, batch.table);
  writer.attributeText(NFTA_RULE_CHAIN, chain);
  const expressions = writer.beginNested(NFTA_RULE_EXPRESSIONS);
  if (batch.counter !== undefined) appendCounter(writer, batch.counter);
  appendQueueTarget(writer, batch);
  writer.endAttribute(expressions);
  // No NFTA_RULE_COMPAT: it limits a target to one protocol, and without it the kernel takes all (nft_compat.c).
  writer.endMessage(start);
}

function appendCounter(writer: Writer, name: string): void {
  const element = writer.beginNested(NFTA_LIST_ELEM);
  writer.attributeText(NFTA_EXPR_NAME, 'objref');
  const data = writer.beginNested(NFTA_EXPR_DATA);
  writer.attributeBe32(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
  writer.attributeText(NFTA_OBJREF_IMM_NAME, name);
  writer.endAttribute(data);
  writer.endAttribute(element);
}

function appendQueueTarget(writer: Writer, batch: QueueBatch): void {
  const element = writer.beginNested(NFTA_LIST_ELEM);
  writer.attributeText(NFTA_EXPR_NAME, 'target');
  const data = writer.beginNested(NFTA_EXPR_DATA);
  writer.attributeText(NFTA_TARGET_NAME, 'NFQUEUE');
  writer.attributeBe32(NFTA_TARGET_REV, 3);
  // struct xt_NFQ_info_v3, padded to the 8 bytes of XT_ALIGN
  const info = writer.beginAttribute(NFTA_TARGET_INFO);
  writer.u16(batch.queue);
  writer.u16(1);
  writer.u16(batch.bypass ? NFQ_FLAG_BYPASS : 0);
  writer.u16(0);
  writer.endAttribute(info);
  writer.endAttribute(data);
  writer.endAttribute(element);
}
