// What the text of a rule would mean, asked for when nothing was typed for a moment.
import { useEffect, useState } from 'react';
import type { AttemptWords, RuleTrial } from '#model/shown/ruletext.ts';
import { api } from '../api/calls.ts';
import type { Failure } from '../api/client.ts';

const pauseMs = 250;

interface Trial {
  readonly trial: RuleTrial | undefined;
  readonly failure: Failure | undefined;
  /** It is of an earlier text still. */
  readonly stale: boolean;
}

export function useTrial(text: string | undefined, replaces: string, attempt: AttemptWords | undefined): Trial {
  const [state, setState] = useState<Trial & { readonly of: string }>({
    ...{ trial: undefined, failure: undefined, stale: true, of: '' },
  });
  const asked = JSON.stringify([text, replaces, attempt]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is asked stands in `asked`
  useEffect(() => {
    if (text === undefined) return;
    let wanted = true;
    const timer = setTimeout(async () => {
      const answer = await api.tryRule({ text, replaces, ...(attempt !== undefined && { attempt }) });
      if (!wanted) return;
      setState((before) =>
        answer.ok
          ? { trial: answer.value, failure: undefined, stale: false, of: asked }
          : { ...before, failure: answer.error, of: asked },
      );
    }, pauseMs);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [asked]);
  return { trial: state.trial, failure: state.failure, stale: state.of !== asked };
}
