// How sure it is who it was and whom it reached, in words.
import type { Evidence } from '#model/process.ts';

const programEvidence: Partial<Record<Evidence, string>> = {
  bpf: 'The kernel’s own programs said which program it was.',
  sock_diag: 'The program was found by its socket.',
  proc: 'The program was found in /proc.',
};

const nameEvidence: Partial<Record<Evidence, string>> = {
  dns: 'The name is from a DNS answer that this machine asked for.',
  resolved: 'The name is from systemd-resolved.',
  sni: 'The connection said the name itself, in its TLS hello.',
  quic: 'The connection said the name itself, in its QUIC hello.',
};

/** How sure it is who it was and whom it reached: `kernel` the strongest, `none` where nothing is known. */
export function evidenceOf(evidence: readonly Evidence[]): { level: 'kernel' | 'found' | 'none'; text: string } {
  const said = (texts: Partial<Record<Evidence, string>>) =>
    evidence.map((one) => texts[one]).find((text) => text !== undefined);
  const program = said(programEvidence);
  const level = evidence.includes('bpf') ? 'kernel' : program === undefined ? 'none' : 'found';
  return {
    level,
    text: `${program ?? 'Nothing says which program it was.'} ${said(nameEvidence) ?? 'No name is known with evidence.'}`,
  };
}
