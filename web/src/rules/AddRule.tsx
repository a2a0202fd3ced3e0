// The form for a new rule, with the sentence that it makes.
import { useState } from 'react';
import { ruleLifetimes } from '#client/question/meaning.ts';
import { formatRule } from '#policy/show/format.ts';
import { api } from '../api/calls.ts';
import { Chips } from '../choices/Chips.tsx';
import { Preview } from '../choices/Preview.tsx';
import { undoChange } from '../parts/changes.ts';
import { Sheet } from '../parts/Sheet.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { type Draft, draftActions, draftProtocols, emptyDraft, ruleOf, suggestedName } from './draft.ts';
import styles from './rules.module.css';

const directionTexts = { out: 'outgoing', in: 'incoming', forward: 'forwarded' } as const;

interface FieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly set: (text: string) => void;
}

function Field({ label, hint, value, set }: FieldProps) {
  return (
    <label className={styles.field}>
      <span>{label}</span>
      <input value={value} placeholder={hint} spellCheck={false} onChange={({ target }) => set(target.value)} />
    </label>
  );
}

export function AddRule({ close }: { readonly close: () => void }) {
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [busy, setBusy] = useState(false);
  const put = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const made = ruleOf(draft);
  const add = async () => {
    if (!made.ok) return;
    setBusy(true);
    const done = await api.addRule(made.value, draft.lifetime);
    setBusy(false);
    if (!done.ok) return sayFailure(done.error);
    const { pending, version, rules } = done.value;
    const priority = rules[0]?.priority;
    const raised = priority === made.value.priority ? '' : ` As an exception it has its fence’s priority, ${priority}.`;
    say(pending ?? `The rule “${made.value.name}” holds.${raised}`, () => void undoChange(version.id));
    close();
  };
  return (
    <Sheet title="Add a rule" close={close}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Chips
          label="Action"
          choices={draftActions.map((action) => ({ key: action, text: action, value: action }))}
          chosen={draft.action}
          choose={(action) => put({ action })}
        />
        <Chips
          label="Traffic"
          choices={(['out', 'in', 'forward'] as const).map((key) => ({ key, text: directionTexts[key], value: key }))}
          chosen={draft.direction}
          choose={(direction) => put({ direction })}
        />
        <Field label="App" hint="any; /usr/bin/curl, or a glob" value={draft.app} set={(app) => put({ app })} />
        <Field label="User" hint="any; a name or a number" value={draft.user} set={(user) => put({ user })} />
        <Field
          label={draft.direction === 'in' ? 'From' : 'To'}
          hint="any; example.com, .example.com, 10.0.0.0/8, lan, list:NAME, country:DE"
          value={draft.to}
          set={(to) => put({ to })}
        />
        <div className={styles.pair}>
          <Field label="Port" hint="any; 443, 8000-8999" value={draft.port} set={(port) => put({ port })} />
          <label className={styles.field}>
            <span>Protocol</span>
            <select value={draft.protocol} onChange={({ target }) => put({ protocol: target.value })}>
              {draftProtocols.map((protocol) => (
                <option key={protocol} value={protocol}>
                  {protocol === '' ? 'not said' : protocol}
                </option>
              ))}
            </select>
          </label>
        </div>
        <Field label="Name" hint={suggestedName(draft)} value={draft.name} set={(name) => put({ name })} />
        <Field label="Note" hint="why there is this rule" value={draft.note} set={(note) => put({ note })} />
        <Field
          label="Priority"
          hint="not said; an exception to a fence gets its"
          value={draft.priority}
          set={(priority) => put({ priority })}
        />
        <Chips
          label="How long"
          choices={ruleLifetimes}
          chosen={draft.lifetime}
          choose={(lifetime) => put({ lifetime })}
        />
        <p className={styles.sentence} aria-live="polite">
          {made.ok ? <b>{formatRule(made.value)}</b> : made.error}
        </p>
        <Preview rules={made.ok ? [made.value] : undefined} />
        <div className={styles.buttons}>
          <button type="submit" className="main" disabled={busy || !made.ok}>
            Add this rule
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Sheet>
  );
}
