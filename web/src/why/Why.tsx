// Why something happened: the facts of the attempt, and what each rule above the deciding one said of it.

import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { evidenceOf } from '#client/live/evidence.ts';
import type { LogLine, PromptView } from '#model/api.ts';
import type { AttemptJson } from '#model/attempt.ts';
import { formatConnection } from '#model/sentence.ts';
import { fail, ok } from '#std/result.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import type { Asked } from '../api/client.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { recent, useLive } from '../live/live.ts';
import { ActionMark } from '../parts/ActionMark.tsx';
import { Sheet } from '../parts/Sheet.tsx';
import { Trouble } from '../parts/Trouble.tsx';
import { formatMoment } from '../parts/words.ts';
import { attemptFacts, type Fact, lineFacts } from './facts.ts';
import styles from './why.module.css';

/** The connection of `ID.SEQUENCE`: of those heard lately, or out of the journal. */
async function lineOf(of: string): Promise<Asked<LogLine>> {
  const [id = ''] = of.split('.');
  const known = recent.get(id);
  if (known !== undefined) return ok(known);
  const found = await api.connection(id);
  if (found.ok || found.error.kind !== 'refused' || found.error.code !== 'not-found') return found;
  return fail({ kind: 'refused', code: 'not-found', message: 'The journal does not have this connection any more.' });
}

export function Why({ of }: { readonly of: string }) {
  const navigate = useNavigate();
  const close = useCallback(
    () =>
      void navigate({ to: '.', search: (before: object) => ({ ...before, why: undefined }), replace: true } as never),
    [navigate],
  );
  const prompt = useLive((live) => (of.startsWith('prompt:') ? live.told.prompts.get(of.slice(7)) : undefined));
  const isPrompt = of.startsWith('prompt:');
  return (
    <Sheet title={isPrompt ? 'Why it is asked' : 'Why it happened'} close={close}>
      {!isPrompt ? (
        <OfLine of={of} />
      ) : prompt === undefined ? (
        <p>This question is closed.</p>
      ) : (
        <OfPrompt prompt={prompt} />
      )}
    </Sheet>
  );
}

function OfLine({ of }: { readonly of: string }) {
  const { value: line, failure } = useAsked(() => lineOf(of), [of]);
  if (failure !== undefined) return <Trouble failure={failure} />;
  if (line === undefined) return <p className="quiet">Looking it up …</p>;
  return (
    <>
      <p className={styles.sentence}>{formatConnection(line, () => line.user ?? undefined)}</p>
      <p className="quiet">
        {formatMoment(line.time, Date.now())} · revision {line.revision} · {evidenceOf(line.evidence).text}
      </p>
      <Trace attempt={line.attempt} then={line.action} />
      <Facts facts={[...lineFacts(line), ...attemptFacts(line.attempt)]} />
    </>
  );
}

function OfPrompt({ prompt }: { readonly prompt: PromptView }) {
  return (
    <>
      <p>
        {prompt.rule === null
          ? 'No rule decides it, and the mode is ask.'
          : `The rule “${escapeText(prompt.rule)}” says that it is asked.`}
      </p>
      <Trace attempt={prompt.attempt} then="ask" />
      <Facts facts={attemptFacts(prompt.attempt)} />
    </>
  );
}

/** What the rules of now say; `then` is what was done. */
function Trace({ attempt, then }: { readonly attempt: AttemptJson; readonly then: LogLine['action'] }) {
  const { value, failure } = useAsked(() => api.explain(attempt), [attempt]);
  return (
    <section aria-labelledby="why-trace" className={styles.part}>
      <h3 id="why-trace">What the rules of now say</h3>
      <Trouble failure={failure} />
      {value !== undefined && (
        <>
          <p className={styles.verdict}>
            <ActionMark action={value.action} plain />{' '}
            {value.by === 'mode' ? 'by the mode, as no rule matches' : `by the rule “${escapeText(value.rule ?? '')}”`}
            {value.action !== then && (
              <span className="quiet"> (then it was: {then}; rules or mode have changed since)</span>
            )}
          </p>
          {value.trace.length > 0 && (
            <ol className={styles.trace}>
              {value.trace.map(({ rule, why }) => (
                <li key={rule} className={rule === value.rule ? styles.deciding : undefined}>
                  <span className={styles.rule}>{escapeText(rule)}</span>
                  <span>{escapeText(why)}</span>
                </li>
              ))}
            </ol>
          )}
          <p className="quiet">
            It rests on: {value.depends.length === 0 ? 'nothing of the attempt' : value.depends.join(', ')}.
          </p>
        </>
      )}
    </section>
  );
}

function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <section aria-labelledby="why-facts" className={styles.part}>
      <h3 id="why-facts">What is known of it</h3>
      <dl className={styles.facts}>
        {facts.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? <span className="quiet">not known</span>}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
