// What systemd-resolved's monitor says, for tests: as dns_resource_record_to_json and manager_monitor_send write it.
import { addressToBytes } from '#model/net/address.ts';
import { parseDnsRecord } from '../dns/message.ts';
import { buildMessage, type QuestionParts, type RecordParts } from '../dns/writer.testing.ts';

export interface AnswerParts {
  readonly state?: string;
  readonly questions: readonly QuestionParts[];
  readonly collected?: readonly QuestionParts[];
  readonly answers?: readonly RecordParts[];
}

/** A record in wire format, uncompressed. */
export function rawOf(record: RecordParts): Uint8Array {
  return buildMessage({ answers: [record], compress: false }).subarray(12);
}

const keyOf = ({ name, type, class: inClass = 1 }: QuestionParts) => ({ class: inClass, type, name });

/** The record in words, where resolved has words for its type. */
function wordsOf(record: RecordParts): object | undefined {
  const key = keyOf({ ...record, name: record.owner });
  const read = parseDnsRecord(rawOf(record));
  if (!read.ok || read.value === undefined) return undefined;
  if ('address' in read.value) return { key, address: [...addressToBytes(read.value.address)] };
  return 'target' in read.value ? { key, name: read.value.target } : undefined;
}

export const readyReply = { parameters: { ready: true }, continues: true };

export function answerReply({ state = 'success', questions, collected, answers }: AnswerParts) {
  return {
    parameters: {
      state,
      question: questions.map(keyOf),
      ...(collected !== undefined && { collectedQuestions: collected.map(keyOf) }),
      ...(answers !== undefined && {
        answer: answers.map((record) => {
          const rr = wordsOf(record);
          return { ...(rr !== undefined && { rr }), raw: Buffer.from(rawOf(record)).toString('base64'), ifindex: 2 };
        }),
      }),
    },
    continues: true,
  };
}

/** With the NUL byte behind it. */
export function sent(...messages: readonly object[]): Uint8Array {
  return Buffer.from(messages.map((message) => `${JSON.stringify(message)}\0`).join(''));
}
