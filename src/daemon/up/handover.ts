// What the supervisor, which is root, hands to the control plane on its standard input: what the doctor found, and a certificate with its
// key, which only root may be able to read. Never an argument, which every user could see. The end of the input is the end of the supervisor.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type DoctorReport, doctorReportSchema } from '#model/api.ts';

/** A chain of certificates and its key are some kilobytes. */
const maxBytes = 256 * 1024;

const schema = z.union([
  z.strictObject({ cert: z.string(), key: z.string() }),
  z.strictObject({ problem: z.string() }),
  z.strictObject({ doctor: doctorReportSchema.nullable() }),
]);
export type Handover = z.infer<typeof schema>;

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** One line for the control plane: both files, or why they cannot be had. */
export function handoverLine({ cert, key }: CertificateFiles): string {
  const read = (file: string) => {
    const text = readFileSync(file, 'utf8');
    if (text.length > maxBytes / 4) throw new Error(`${file} is too long to be one`);
    return text;
  };
  let line: Handover;
  try {
    line = { cert: read(cert), key: read(key) };
  } catch (error) {
    line = { problem: `the certificate cannot be read (${error instanceof Error ? error.message : error})` };
  }
  return `${JSON.stringify(line)}\n`;
}

export const doctorLine = (doctor: DoctorReport | null): string => `${JSON.stringify({ doctor })}\n`;

/** Hears it in the control plane, which ends with its supervisor. */
export function hearSupervisor(onHandover: (handover: Handover) => void): void {
  let rest = '';
  process.stdin.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, maxBytes);
    for (const line of lines) onHandover(schema.parse(JSON.parse(line)));
  });
  // The supervisor is gone without a word.
  process.stdin.on('end', () => process.exit(1));
}
