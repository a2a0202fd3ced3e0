// Requests to the kernel that are answered within the call: sends one, and reads until its acknowledgement or its end.
import { MessageReader, parseControl } from '#wire/netlink.ts';
import { codeOf } from '../ffi.ts';
import type { NetlinkSocket } from './socket.ts';

/** What the kernel answered: errno 0 is success. */
export interface Answer {
  readonly errno: number;
  /** `EPERM` and the kernel's own words, where it has any. */
  readonly text: string;
}

/** Not even an error: the answer may have found no room. */
export const silence: Answer = { errno: -1, text: 'the kernel did not answer' };

/**
 * Sends `bytes`, calls `onMessage` for each message of the answer, and returns at the acknowledgement, error or end of dump
 * with this sequence. netlink answers before send returns, so an empty socket means that there is no more. `onOther` is
 * given each datagram that is no answer, valid within the call: on a socket that hears of packets too, they are lost without it.
 */
export function request(
  socket: NetlinkSocket,
  bytes: Uint8Array,
  sequence: number,
  onMessage: (message: MessageReader) => void = () => {},
  onOther: (datagram: Buffer) => void = () => {},
): Answer {
  socket.send(bytes);
  const messages = new MessageReader();
  for (;;) {
    const datagram = socket.receive();
    if (datagram === undefined) return silence;
    messages.reset(datagram);
    let answers = false;
    while (messages.next()) {
      if (messages.sequence !== sequence) continue;
      answers = true;
      const control = parseControl(messages);
      if (control === undefined) {
        onMessage(messages);
        continue;
      }
      if (!control.ok) return { errno: -1, text: control.error };
      const { value } = control;
      if (value.type === 'ack' || (value.type === 'done' && value.errno === 0)) return { errno: 0, text: '' };
      const words = value.text === undefined ? '' : ` (${value.text})`;
      return { errno: value.errno, text: `${codeOf(value.errno)}${words}` };
    }
    if (!answers) onOther(datagram);
  }
}
