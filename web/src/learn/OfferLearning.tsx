// Over the questions: who asks too often may be learned for ten minutes instead.
import { useNavigate } from '@tanstack/react-router';
import { GraduationCap } from 'lucide-react';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { say, sayFailure } from '../parts/saying.ts';
import type { Busy } from './busy.ts';
import styles from './learn.module.css';

const minutes = 10;

export function OfferLearning({ busy }: { readonly busy: readonly Busy[] }) {
  const navigate = useNavigate();
  const learn = async ({ app, subject }: Busy) => {
    const begun = await api.startLearning(subject, minutes);
    if (!begun.ok) return sayFailure(begun.error);
    const { name } = begun.value;
    say(
      `${escapeText(app)} is learned for ${minutes} minutes; what it does waits for you under Learn.`,
      () => void stop(name),
    );
    void navigate({ to: '/learn', search: { name } } as never);
  };
  const stop = async (name: string) => {
    const stopped = await api.forgetLearning(name);
    if (stopped.ok) say(`“${name}” was ended and forgotten.`);
    else sayFailure(stopped.error);
  };
  return (
    <ul className={styles.offers} aria-label="Programs that ask often">
      {busy.map((one) => (
        <li key={JSON.stringify([one.app, one.user])}>
          <GraduationCap size={18} aria-hidden />
          <p>
            <b>{escapeText(one.app)}</b> asked {one.questions} times within a minute. Learn it for {minutes} minutes
            instead: it may do what no rule refuses, and you review what that was.
          </p>
          <button type="button" onClick={() => void learn(one)}>
            Learn it
          </button>
        </li>
      ))}
    </ul>
  );
}
