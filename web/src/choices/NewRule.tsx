// A rule made of a connection that was: an exception to a refusal, or a refusal of what was allowed.
import { useState } from 'react';
import { firstScope, ruleLifetimes, rulesOf } from '#client/question/meaning.ts';
import { subjectOf } from '#client/question/subject.ts';
import type { LogLine } from '#model/api.ts';
import type { Answer } from '#model/prompt.ts';
import { destinationName, programName } from '#model/sentence.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { undoChange } from '../parts/changes.ts';
import { Sheet } from '../parts/Sheet.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { Choices } from './Choices.tsx';
import styles from './choices.module.css';

interface Props {
  readonly line: LogLine;
  readonly action: 'allow' | 'reject';
  readonly close: () => void;
}

export function NewRule({ line, action, close }: Props) {
  const [subject] = useState(() => subjectOf(line));
  const [answer, change] = useState<Answer>(() => ({ action, scope: firstScope(subject), lifetime: 'always' }));
  const [busy, setBusy] = useState(false);
  const rules = useAsked(api.rules, []);
  const made = rulesOf(subject, answer);
  // An exception must stand as high as the refusal, or it could never win.
  const fence = rules.value?.find(({ name }) => name === line.rule);
  const priority = action === 'allow' && fence !== undefined && fence.priority > 0 ? fence.priority : undefined;
  const add = async () => {
    if (!made.ok) return;
    setBusy(true);
    for (const rule of made.value) {
      const done = await api.addRule({ ...rule, ...(priority !== undefined && { priority }) }, answer.lifetime);
      if (!done.ok) {
        setBusy(false);
        return sayFailure(done.error);
      }
      say(`The rule “${rule.name}” holds.`, () => void undoChange(done.value.version.id));
    }
    close();
  };
  const verb = action === 'allow' ? 'Allow' : 'Refuse';
  return (
    <Sheet title={`${verb} ${programName(line.attempt)} → ${destinationName(line.attempt)}`} close={close} narrow>
      <Choices
        subject={subject}
        answer={answer}
        change={change}
        lifetimes={ruleLifetimes}
        lead={`${verb}`}
        priority={priority}
      />
      {priority !== undefined && (
        <p className="quiet">
          It gets priority {priority}, as the rule “{line.rule}” that refuses has it.
        </p>
      )}
      <div className={styles.buttons}>
        <button type="button" className="main" disabled={busy || !made.ok} onClick={() => void add()}>
          Add this rule
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </Sheet>
  );
}
