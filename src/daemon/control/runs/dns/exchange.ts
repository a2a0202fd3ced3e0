// One question to one name server: by UDP, and by TCP when the answer does not fit.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { formatAddress } from '#model/net/address.ts';
import { type DnsMessage, type DnsQuestion, parseDnsMessage } from '#wire/dns/message.ts';
import { RCODE_NOERROR, RCODE_NXDOMAIN } from '#wire/dns/numbers.ts';
import { formatQuery } from '#wire/dns/query.ts';
import { DnsFrames, framed } from './frames.ts';
import type { Upstream } from './plan.ts';

/** Ends it; nothing is told after that. */
export type Cancel = () => void;
/** What the server said of the name; undefined: nothing of use, and there will be nothing more. */
type Told = (message: DnsMessage | undefined) => void;

/**
 * Each question has a number and a port of its own. The socket is connected, so that the kernel passes on what comes from this
 * server alone and tells when nobody listens there.
 */
export function exchange(question: DnsQuestion, server: Upstream, told: Told): Cancel {
  const { address, port } = server;
  const id = randomInt(65_536);
  const socket = createSocket(address.family === 4 ? 'udp4' : 'udp6');
  let cancel: Cancel | undefined = () => socket.close();
  const end = (message: DnsMessage | undefined) => {
    cancel?.();
    cancel = undefined;
    told(message);
  };
  const isOpen = () => cancel !== undefined;
  socket.on('error', () => isOpen() && end(undefined));
  socket.on('message', (bytes) => {
    // What has another number is no answer to this, and waiting costs nothing.
    if (!isOpen() || !isFor(bytes, id)) return;
    const message = answerIn(bytes, id, question);
    if (message?.truncated !== true) {
      end(message);
      return;
    }
    socket.close();
    cancel = exchangeByTcp(question, server, (whole) => isOpen() && end(whole));
  });
  socket.on('connect', () => {
    if (isOpen()) socket.send(formatQuery(id, question), (error) => error !== null && isOpen() && end(undefined));
  });
  socket.connect(port, formatAddress(address));
  return () => {
    cancel?.();
    cancel = undefined;
  };
}

function exchangeByTcp(question: DnsQuestion, { address, port }: Upstream, told: Told): Cancel {
  const id = randomInt(65_536);
  const frames = new DnsFrames();
  const socket = connect(port, formatAddress(address));
  let open = true;
  const end = (message: DnsMessage | undefined) => {
    if (!open) return;
    open = false;
    socket.destroy();
    told(message);
  };
  socket.on('error', () => end(undefined));
  socket.on('close', () => end(undefined));
  socket.on('connect', () => socket.write(framed(formatQuery(id, question))));
  socket.on('data', (chunk) => {
    const [bytes] = frames.take(chunk);
    if (bytes !== undefined) end(answerIn(bytes, id, question));
    else if (frames.broken) end(undefined);
  });
  return () => {
    open = false;
    socket.destroy();
  };
}

function isFor(bytes: Uint8Array, id: number): boolean {
  return bytes.length >= 12 && (((bytes[0] as number) << 8) | (bytes[1] as number)) === id;
}

/** The answer in these bytes, if it is one to this question and says whether there is such a name. */
function answerIn(bytes: Uint8Array, id: number, question: DnsQuestion): DnsMessage | undefined {
  const parsed = parseDnsMessage(bytes);
  if (!parsed.ok) return undefined;
  const message = parsed.value;
  const { name, type, class: inClass } = message.question;
  const same = name === question.name && type === question.type && inClass === question.class;
  if (message.id !== id || !message.response || message.opcode !== 0 || !same) return undefined;
  return message.rcode === RCODE_NOERROR || message.rcode === RCODE_NXDOMAIN ? message : undefined;
}
