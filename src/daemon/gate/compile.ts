// From the control plane's rules to what the gate works with: the policy, and the rules the kernel enforces by itself.
import type { ControlMessage } from '#model/messages.ts';
// Not from policy/index.ts, which brings the YAML parser with it: the gate reads no files.
import type { KernelRule } from '#policy/kernel.ts';
import { compilePolicy, type Policy } from '#policy/policy.ts';
import { fail, ok, type Result } from '#std/result.ts';

export interface CompiledPolicy {
  readonly policy: Policy;
  readonly rules: number;
  readonly kernelRules: readonly KernelRule[];
  /** Facts of a program that some rule asks for and that take time to find out. */
  readonly needs: { readonly sha256: boolean; readonly package: boolean };
}

/** The error is the first problem, as a sentence. */
export function compile(message: Extract<ControlMessage, { type: 'policy' }>): Result<CompiledPolicy> {
  const { policy, problems } = compilePolicy(message.rules, {
    revision: message.revision,
    mode: message.settings.mode,
    accounts: message.accounts,
    disabled: new Set(message.disabled),
    aliases: message.aliases,
  });
  const error = problems.find((problem) => problem.severity === 'error');
  if (error !== undefined) return fail(`${error.file}:${error.line}:${error.column}: ${error.message}`);
  const apps = message.rules.flatMap(({ rule }) => rule.app ?? []);
  const asksFor = (key: 'sha256' | 'package') => apps.some((app) => typeof app === 'object' && key in app);
  return ok({
    policy,
    rules: message.rules.length,
    kernelRules: policy.kernelRules,
    needs: { sha256: asksFor('sha256'), package: asksFor('package') },
  });
}
