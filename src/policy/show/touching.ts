// Which rules can decide about a program: those whose conditions on the program hold, or may hold, whatever it talks to.
import { type Attempt, attemptFromJson } from '#model/attempt.ts';
import type { Process } from '#model/process.ts';
import type { Clause } from '../compile/clause.ts';
import { type Criterion, fulfils } from '../compile/criterion.ts';
import { textFields, type View } from '../compile/view.ts';

export interface TouchingRule {
  readonly name: string;
  /** It asks for this program, and not for any. */
  readonly named: boolean;
  /** False where it rests on what is not known, or on what each run of the program may have otherwise. */
  readonly sure: boolean;
}

type Answer = 'yes' | 'maybe' | 'no';

const interfaceField = textFields.indexOf('interface');

/** `clauses` in the order of evaluation, and so is the result. `process` is what is known of the program, or of one run of it. */
export function touchingRules(
  process: Process,
  clauses: readonly Clause[],
  view: View,
  now: number,
): readonly TouchingRule[] {
  view.load(anywhere(process));
  const found = new Map<string, TouchingRule>();
  for (const { rule, tests, app } of clauses) {
    if (rule.expires <= now) continue;
    const answers = tests.map((test) => answerOf(test, view));
    if (answers.includes('no')) continue;
    const known = found.get(rule.name);
    const sure = !answers.includes('maybe');
    found.set(rule.name, {
      name: rule.name,
      named: app > 0 || known?.named === true,
      sure: sure || known?.sure === true,
    });
  }
  return [...found.values()];
}

/** The conditions on what it talks to are not looked at. */
function anywhere(process: Process): Attempt {
  return { ...attemptFromJson({ flow: { protocol: 'tcp', remote: { address: '192.0.2.1' } } }), process };
}

function answerOf(test: Criterion, view: View): Answer {
  switch (test.kind) {
    case 'text': {
      if (test.field === interfaceField || fulfils(test, view)) return 'yes';
      return view.value(test.field) === undefined && view.process.kernel !== true ? 'maybe' : 'no';
    }
    case 'uid':
      return fulfils(test, view) ? 'yes' : view.uid < 0 ? 'maybe' : 'no';
    case 'gid':
      return fulfils(test, view) ? 'yes' : view.gid < 0 ? 'maybe' : 'no';
    // Each run may have been started by another program, with other arguments and groups.
    case 'groups':
    case 'ancestor':
    case 'args':
    case 'seeded':
      return fulfils(test, view) ? 'yes' : 'maybe';
    case 'process':
    case 'kernel':
      return fulfils(test, view) ? 'yes' : 'no';
    case 'protocol':
    case 'port':
    case 'prefix':
    case 'scope':
    case 'name':
    case 'list':
    case 'country':
    case 'as':
    case 'icmp':
    case 'network':
    case 'where':
      return 'yes';
  }
}
