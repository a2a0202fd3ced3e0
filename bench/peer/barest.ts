// The least that a consumer of a packet queue can do in this runtime, with Postern's own reader and no thought of what it reads:
// accepts each packet at once. `barest.ts QUEUE`
import { PacketQueue } from '../../src/kernel/netfilter/queue.ts';
import { NetlinkSocket, netlinkFamilies } from '../../src/kernel/netlink/socket.ts';
import { NF_ACCEPT } from '../../src/wire/nfqueue.ts';

const socket = new NetlinkSocket({ family: netlinkFamilies.netfilter });
const queue = new PacketQueue({
  fd: socket.fd,
  number: Number(process.argv[2]),
  beforeBatch() {},
  onPacket: (_bytes, message) => queue.verdict(message.id, NF_ACCEPT, undefined),
  onMalformed: (id) => queue.verdict(id, NF_ACCEPT, undefined),
  onGone() {},
  afterBatch() {},
});
const problem = queue.open(false);
if (problem !== undefined) throw new Error(problem);
console.log('ready');
