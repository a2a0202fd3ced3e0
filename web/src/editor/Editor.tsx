// A rule of its own: the form and its YAML beside it, which are the same text; what it would mean; the test bench; saved as a whole.
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import type { RuleTest } from '#model/rule.ts';
import { escapeText } from '#std/text.ts';
import { api } from '../api/calls.ts';
import { useAsked } from '../hooks/useAsked.ts';
import { useLive } from '../live/live.ts';
import { undoChange } from '../parts/changes.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { say, sayFailure } from '../parts/saying.ts';
import { Trouble } from '../parts/Trouble.tsx';
import { Bench, noWords, wordsOf } from './Bench.tsx';
import styles from './editor.module.css';
import { FieldInput } from './FieldInput.tsx';
import { fields, groups, type RuleKey } from './fields.ts';
import { Meaning } from './Meaning.tsx';
import { keyAt, readValues, withoutTest, withTest, withValue } from './ruledocument.ts';
import { useTrial } from './useTrial.ts';

export function Page() {
  const { rule } = useParams({ strict: false }) as { rule: string };
  return <Editor key={rule} name={rule} />;
}

const keys = Object.keys(fields) as RuleKey[];

function Editor({ name }: { readonly name: string }) {
  const navigate = useNavigate();
  const changed = useLive((live) => live.told.rulesChanged);
  const administrator = useLive((live) => live.person?.administrator === true);
  const { value: kept, failure, again } = useAsked(() => api.ruleText(name), [changed]);
  const [text, setText] = useState<string>();
  const [words, setWords] = useState(noWords);
  const [busy, setBusy] = useState(false);
  const base = useRef<string>(undefined);
  useEffect(() => {
    if (kept === undefined) return;
    // What nobody changed here follows the file.
    if (text !== undefined && text !== base.current) return;
    base.current = kept.text;
    setText(kept.text);
  }, [kept, text]);
  const { trial, failure: untried, stale } = useTrial(text, name, wordsOf(words));
  if (kept === undefined || text === undefined) {
    return (
      <>
        <PageHead title={`Rule ${escapeText(name)}`} />
        <Trouble failure={failure} />
        {failure === undefined && <p className="quiet">Asking …</p>}
        <p>
          <Link to="/rules">All rules</Link>
        </p>
      </>
    );
  }
  const mayChange = administrator && kept.locked === null;
  const { readable, values } = readValues(text);
  const isChanged = text !== kept.text;
  const elsewhere = base.current !== undefined && base.current !== kept.text && isChanged;
  const problems = stale ? [] : (trial?.problems ?? []);
  const errors = problems.filter(({ severity }) => severity === 'error');
  const tests = Array.isArray(values.tests) ? (values.tests as RuleTest[]) : [];

  const save = async () => {
    setBusy(true);
    const done = await api.changeText(name, text);
    setBusy(false);
    if (!done.ok) return sayFailure(done.error);
    const { pending, version, rules } = done.value;
    base.current = text;
    say(pending ?? `The rule “${name}” is changed.`, () => void undoChange(version.id));
    const renamed = rules[0]?.name;
    if (renamed !== undefined && renamed !== name) {
      return void navigate({ to: '/rules/$rule', params: { rule: renamed }, replace: true } as never);
    }
    void again();
  };
  const revert = () => {
    base.current = kept.text;
    setText(kept.text);
  };

  return (
    <form
      className={styles.editor}
      onSubmit={(event) => {
        event.preventDefault();
        if (mayChange && isChanged && errors.length === 0) void save();
      }}
    >
      <PageHead
        title={`Rule ${escapeText(name)}`}
        tools={
          mayChange && (
            <>
              <button type="button" disabled={!isChanged} onClick={revert}>
                Take the changes back
              </button>
              <button type="submit" className="main" disabled={busy || !isChanged || stale || errors.length > 0}>
                Save
              </button>
            </>
          )
        }
      >
        <Link to="/rules">All rules</Link>
        {kept.file !== null && ` · ${escapeText(kept.file)}${kept.line === null ? '' : `, line ${kept.line}`}`}
      </PageHead>
      {kept.locked !== null && <p className={styles.note}>{escapeText(kept.locked)}</p>}
      {elsewhere && (
        <p role="alert" className={styles.note}>
          The rule was changed elsewhere meanwhile.{' '}
          <button type="button" onClick={revert}>
            Show what it is now
          </button>
        </p>
      )}
      <Trouble failure={untried} />
      <div className={styles.sides}>
        <div className={styles.form}>
          {!readable && <p className={styles.note}>The form is back when the text beside it is right.</p>}
          {groups.map(({ key: group, title }) => (
            <section key={group} aria-label={title}>
              <h2>{title}</h2>
              {keys
                .filter((key) => fields[key].group === group)
                .map((key) => (
                  <FieldInput
                    key={key}
                    name={key}
                    value={values[key]}
                    disabled={!mayChange || !readable}
                    problems={errors.filter(({ line }) => keyAt(text, line) === key)}
                    set={(value) => setText(withValue(text, key, value))}
                  />
                ))}
            </section>
          ))}
        </div>
        <div className={styles.beside}>
          <section aria-labelledby="yaml">
            <h2 id="yaml">As the file has it</h2>
            <textarea
              className={styles.yaml}
              aria-labelledby="yaml"
              aria-invalid={errors.length > 0}
              aria-describedby="wrong"
              readOnly={!mayChange}
              rows={Math.min(30, Math.max(8, text.split('\n').length + 1))}
              value={text}
              spellCheck={false}
              onChange={({ target }) => setText(target.value)}
            />
            <ul id="wrong" aria-live="polite" className={styles.problems}>
              {problems.map(({ line, column, severity, message }) => (
                <li key={`${line}:${column}:${message}`} className={severity === 'error' ? styles.wrong : undefined}>
                  line {line}, column {column}: {escapeText(message)}
                </li>
              ))}
            </ul>
          </section>
          <Meaning
            name={name}
            trial={trial}
            stale={stale}
            raise={mayChange ? (priority) => setText(withValue(text, 'priority', priority)) : undefined}
          />
          <Bench
            {...{ words, trial, stale, tests, mayChange }}
            change={setWords}
            keep={(test) => setText(withTest(text, test))}
            remove={(index) => setText(withoutTest(text, index))}
          />
        </div>
      </div>
    </form>
  );
}
