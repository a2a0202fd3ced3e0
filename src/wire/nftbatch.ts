// nf_tables transactions that the nft program cannot write: rules with the xtables target NFQUEUE, for kernels without nft's own
// `queue`, and with the xtables match `bpf`, which asks a BPF program.
import { NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, NFNL_SUBSYS_NFTABLES, NFPROTO_INET } from './constants/netfilter.ts';
import { AF_UNSPEC, NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST } from './constants/netlink.ts';
import {
  NFQ_FLAG_BYPASS,
  NFT_GOTO,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWTABLE,
  NFT_OBJECT_COUNTER,
  NFT_REG_VERDICT,
  NFT_TABLE_F_DORMANT,
  NFTA_DATA_VERDICT,
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_IMMEDIATE_DATA,
  NFTA_IMMEDIATE_DREG,
  NFTA_LIST_ELEM,
  NFTA_MATCH_INFO,
  NFTA_MATCH_NAME,
  NFTA_MATCH_REV,
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
  NFTA_VERDICT_CHAIN,
  NFTA_VERDICT_CODE,
  XT_BPF_INFO_SIZE,
  XT_BPF_MODE_FD_ELF,
} from './constants/nftables.ts';
import { beginNetfilter } from './netlink.ts';
import type { Writer } from './writer.ts';

/** One rule at the end of its chain. */
export interface BatchRule {
  readonly chain: string;
  /** Only packets to which this BPF program answers 1: the xtables match `bpf`. A descriptor of this process. */
  readonly program?: number;
  /** A named counter of the table that counts before the rest. */
  readonly counter?: string;
  readonly action: QueueTarget | { readonly verdict: 'accept' | 'drop' } | { readonly goto: string };
}

export interface QueueTarget {
  /** 0–65535 */
  readonly queue: number;
  /** Where nobody listens on the queue, the packet goes on after the rule instead of being dropped. */
  readonly bypass: boolean;
}

/** What the transaction does to a table of family inet that exists already. */
export interface RuleBatch {
  readonly table: string;
  readonly rules: readonly BatchRule[];
  /** Sets (`true`) or takes (`false`) the table's flag dormant, in the same transaction; left out: as it is. */
  readonly dormant?: boolean;
}

/**
 * Writes the whole transaction; send it in one call. The messages have the sequences `sequence`, `sequence + 1` and so on,
 * and those between the batch's begin and end are acknowledged; the number of acknowledgements to expect is returned.
 * Any error means that nothing was changed (ENOENT: no such table, chain or counter, or no xt_NFQUEUE or xt_bpf in this kernel).
 */
export function appendRuleBatch(writer: Writer, sequence: number, batch: RuleBatch): number {
  let next = sequence;
  appendBatchEdge(writer, NFNL_MSG_BATCH_BEGIN, next++);
  for (const rule of batch.rules) appendRule(writer, next++, batch.table, rule);
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

function appendRule(writer: Writer, sequence: number, table: string, rule: BatchRule): void {
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND;
  const start = beginNetfilter(writer, NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWRULE, flags, sequence, NFPROTO_INET, 0);
  writer.attributeText(NFTA_RULE_TABLE, table);
  writer.attributeText(NFTA_RULE_CHAIN, rule.chain);
  const expressions = writer.beginNested(NFTA_RULE_EXPRESSIONS);
  if (rule.program !== undefined) appendProgram(writer, rule.program);
  if (rule.counter !== undefined) appendCounter(writer, rule.counter);
  if ('queue' in rule.action) appendQueueTarget(writer, rule.action);
  else appendVerdict(writer, rule.action);
  writer.endAttribute(expressions);
  // No NFTA_RULE_COMPAT: it limits a target to one protocol, and without it the kernel takes all (nft_compat.c).
  writer.endMessage(start);
}

/** An element of the rule's list of expressions; `data` writes its attributes. */
function appendExpression(writer: Writer, name: string, data: () => void): void {
  const element = writer.beginNested(NFTA_LIST_ELEM);
  writer.attributeText(NFTA_EXPR_NAME, name);
  const nested = writer.beginNested(NFTA_EXPR_DATA);
  data();
  writer.endAttribute(nested);
  writer.endAttribute(element);
}

function appendCounter(writer: Writer, name: string): void {
  appendExpression(writer, 'objref', () => {
    writer.attributeBe32(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
    writer.attributeText(NFTA_OBJREF_IMM_NAME, name);
  });
}

function appendProgram(writer: Writer, descriptor: number): void {
  appendExpression(writer, 'match', () => {
    writer.attributeText(NFTA_MATCH_NAME, 'bpf');
    writer.attributeBe32(NFTA_MATCH_REV, 1);
    const info = writer.beginAttribute(NFTA_MATCH_INFO);
    writer.u16(XT_BPF_MODE_FD_ELF);
    writer.u16(0);
    writer.u32(descriptor);
    for (let word = 8; word < XT_BPF_INFO_SIZE; word += 4) writer.u32(0);
    writer.endAttribute(info);
  });
}

const verdictCodes = { drop: 0, accept: 1 } as const; // include/uapi/linux/netfilter.h

function appendVerdict(
  writer: Writer,
  action: { readonly verdict: 'accept' | 'drop' } | { readonly goto: string },
): void {
  appendExpression(writer, 'immediate', () => {
    writer.attributeBe32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    const data = writer.beginNested(NFTA_IMMEDIATE_DATA);
    const verdict = writer.beginNested(NFTA_DATA_VERDICT);
    writer.attributeBe32(NFTA_VERDICT_CODE, ('goto' in action ? NFT_GOTO : verdictCodes[action.verdict]) >>> 0);
    if ('goto' in action) writer.attributeText(NFTA_VERDICT_CHAIN, action.goto);
    writer.endAttribute(verdict);
    writer.endAttribute(data);
  });
}

function appendQueueTarget(writer: Writer, { queue, bypass }: QueueTarget): void {
  appendExpression(writer, 'target', () => {
    writer.attributeText(NFTA_TARGET_NAME, 'NFQUEUE');
    writer.attributeBe32(NFTA_TARGET_REV, 3);
    // struct xt_NFQ_info_v3, padded to the 8 bytes of XT_ALIGN
    const info = writer.beginAttribute(NFTA_TARGET_INFO);
    writer.u16(queue);
    writer.u16(1);
    writer.u16(bypass ? NFQ_FLAG_BYPASS : 0);
    writer.u16(0);
    writer.endAttribute(info);
  });
}
