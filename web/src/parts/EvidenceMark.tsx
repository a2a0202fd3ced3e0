// How sure it is who it was.
import { Shield, ShieldCheck, ShieldQuestionMark } from 'lucide-react';
import { evidenceOf } from '#client/live/evidence.ts';
import type { Evidence } from '#model/process.ts';
import styles from './parts.module.css';

const icons = { kernel: ShieldCheck, found: Shield, none: ShieldQuestionMark } as const;

export function EvidenceMark({ evidence }: { readonly evidence: readonly Evidence[] }) {
  const { level, text } = evidenceOf(evidence);
  const Icon = icons[level];
  return (
    <span className={styles.evidence} title={text}>
      <Icon size={15} aria-hidden />
      <span className="unseen">{text}</span>
    </span>
  );
}
