// Lines of nft for questions to name servers, where no eBPF program tells who asks them: they are copied, and wait until that is found.

/** NFLOG group of what passes between programs and name servers, and bytes of each packet: with room for EDNS (RFC 6891 6.2.5). */
export const namesGroup = 0x5050;
export const namesBytes = 4400;

/** Before any verdict, and whatever it will be; no `ct` expression, for `observe`. */
export function namesCopied(hook: 'output' | 'input'): string {
  return `meta l4proto { tcp, udp } th ${hook === 'output' ? 'dport' : 'sport'} 53 log group ${namesGroup} snaplen ${namesBytes}`;
}

/**
 * Before `accept`, of what a rule that nft holds allows: who asks is found while the question waits for its verdict. Once it is
 * on its way, the answer may be there and the socket closed before anybody has looked.
 */
export const queueQuestions = 'meta l4proto { tcp, udp } th dport 53 goto questions_output';

/**
 * Before what conntrack knows as judged: a port is used again by another program while the entry of its last question stands
 * (30 s, nf_conntrack_udp_timeout). TCP that opens a connection gets an entry of its own.
 */
export const judgeQuestionsAgain = 'ct direction original udp dport 53 return';
