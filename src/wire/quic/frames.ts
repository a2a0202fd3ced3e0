// The frames of a client's Initial packet (RFC 9000 19): what is of the handshake is gathered, and nothing else may stand there.
import type { Gathering, GatheringError } from '../firstwords/gathering.ts';
import { Reader } from '../reader.ts';
import {
  FRAME_ACK,
  FRAME_ACK_ECN,
  FRAME_CONNECTION_CLOSE,
  FRAME_CRYPTO,
  FRAME_PADDING,
  FRAME_PING,
} from './numbers.ts';
import { readVarint } from './varint.ts';

/** `bad-frame`: one that an Initial cannot hold (12.4), or that is cut. */
export type FrameError = 'bad-frame' | GatheringError;

/** Puts the handshake's bytes of `payload` where they belong. Undefined when all frames were right. */
export function gatherFrames(payload: Uint8Array, into: Gathering): FrameError | undefined {
  const reader = new Reader(payload);
  // 12.4: a packet without a frame is an error.
  if (payload.length === 0) return 'bad-frame';
  while (reader.remaining() > 0) {
    const problem = gatherFrame(reader, into);
    if (problem !== undefined) return problem;
    if (reader.error !== undefined) return 'bad-frame';
  }
  return undefined;
}

function gatherFrame(reader: Reader, into: Gathering): FrameError | undefined {
  // 12.4: a type is written as short as it can be, so that all of these are one byte.
  const type = reader.u8();
  switch (type) {
    case FRAME_PADDING:
    case FRAME_PING:
      return undefined;
    case FRAME_ACK:
    case FRAME_ACK_ECN:
      skipAck(reader, type === FRAME_ACK_ECN);
      return undefined;
    case FRAME_CRYPTO: {
      const offset = readVarint(reader);
      const length = readVarint(reader);
      const start = reader.offset;
      reader.skip(length);
      return reader.error === undefined ? into.add(offset, reader.bytes.subarray(start, start + length)) : 'bad-frame';
    }
    case FRAME_CONNECTION_CLOSE:
      readVarint(reader);
      readVarint(reader);
      reader.skip(readVarint(reader));
      return undefined;
    default:
      return 'bad-frame';
  }
}

/** 19.3 */
function skipAck(reader: Reader, ecn: boolean): void {
  readVarint(reader);
  readVarint(reader);
  const ranges = readVarint(reader);
  readVarint(reader);
  for (let count = 0; count < ranges && reader.error === undefined; count++) {
    readVarint(reader);
    readVarint(reader);
  }
  for (let count = 0; ecn && count < 3; count++) readVarint(reader);
}
