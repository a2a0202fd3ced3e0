// From the control plane's rules to what the gate works with: the policy, and the rules the kernel enforces by itself.
import { renderKernelRules } from '#kernel/nft/kernelrules.ts';
import type { ControlMessage } from '#model/messages.ts';
import type { RuleText } from '#model/rule.ts';
import { judgingGuests } from '#policy/guest.ts';
// Not from policy/index.ts, which brings the YAML parser with it: the gate reads no files.
import type { KernelRule } from '#policy/kernel.ts';
import { parseDestination } from '#policy/match/destination.ts';
import type { Places } from '#policy/match/places.ts';
import { compilePolicy, type Policy } from '#policy/policy.ts';
import { compileRuns } from '#policy/run/compile.ts';
import { confining } from '#policy/run/confine.ts';
import { fail, ok, type Result } from '#std/result.ts';

export interface CompiledPolicy {
  readonly policy: Policy;
  readonly rules: number;
  readonly kernelRules: readonly KernelRule[];
  /** And as lines of nft, by hook. */
  readonly kernelLines: ReturnType<typeof renderKernelRules>;
  /** Whether some rule asks for a name, so that another name may decide otherwise. */
  readonly asksForNames: boolean;
  /** Facts of a program that some rule asks for and that take time to find out. */
  readonly needs: { readonly sha256: boolean; readonly package: boolean };
}

type PolicyMessage = Extract<ControlMessage, { type: 'policy' }>;

/** The error is the first problem, as a sentence. No policy ends the gate, whatever it makes of the compiler. */
export function compile(message: PolicyMessage, places: Places): Result<CompiledPolicy> {
  try {
    return compileMessage(message, places);
  } catch (error) {
    return fail(`these rules could not be compiled, which is a fault of Postern: ${error}`);
  }
}

function compileMessage(message: PolicyMessage, places: Places): Result<CompiledPolicy> {
  const { revision, accounts, aliases, where } = message;
  const context = { revision, accounts, aliases, places, where };
  const machine = compilePolicy(message.rules, {
    ...context,
    mode: message.settings.mode,
    disabled: new Set(message.disabled),
  });
  const confined = compileRuns(message.runs, context, message.resolvers);
  const error = [...machine.problems, ...confined.problems].find((problem) => problem.severity === 'error');
  if (error !== undefined) return fail(`${error.file}:${error.line}:${error.column}: ${error.message}`);
  const policy = judgingGuests(confining(machine.policy, confined.runs));
  const rules = [...message.rules.map(({ rule }) => rule), ...message.runs.flatMap((run) => run.rules)];
  const apps = rules.flatMap(({ app }) => app ?? []);
  const asksFor = (key: 'sha256' | 'package') => apps.some((app) => typeof app === 'object' && key in app);
  return ok({
    policy,
    rules: message.rules.length,
    kernelRules: policy.kernelRules,
    kernelLines: renderKernelRules(policy.kernelRules, message.revision, message.settings.failMode),
    asksForNames: asksForNames(rules),
    needs: { sha256: asksFor('sha256'), package: asksFor('package') },
  });
}

function asksForNames(rules: readonly RuleText[]): boolean {
  return rules.some((rule) =>
    [rule.to ?? [], rule.from ?? []].flat().some((text) => {
      const parsed = parseDestination(text);
      return parsed.ok && (parsed.value.place.type === 'name' || parsed.value.place.type === 'list');
    }),
  );
}
