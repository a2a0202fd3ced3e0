// The policy layer's public names.
export { completeAccounts } from './accounts.ts';
export { type AnswerNames, listsHaving, nameOfAnswer, namesForRules, namesInList, ruleFromAnswer } from './answer.ts';
export { type BuiltinContext, builtinRules } from './builtin.ts';
export type { Cacheable, FlowMask } from './cache/mask.ts';
export { type Aliases, pathsToResolve } from './compile/app.ts';
export { untilTime } from './compile/until.ts';
export type { Consulted } from './consult/consulted.ts';
export { type Diagnostic, formatDiagnostic } from './diagnostic.ts';
export { exceptionPriority } from './exception.ts';
export { judgingGuests } from './guest.ts';
export type { KernelRule } from './kernel.ts';
export { type MergedRules, mergeRuleFiles } from './parse/merge.ts';
export { maxRuleFileBytes, type ParsedRuleFile, parseRuleFile } from './parse/rulefile.ts';
export { type CompileContext, type ConsultedDecision, compilePolicy, type Policy } from './policy.ts';
export { formatRule } from './show/format.ts';
export type { OrderedRule } from './show/ordered.ts';
export { type AttemptConditions, attemptFromConditions, whereOf } from './trial/attempt.ts';
export { type FailedRuleTest, type RuleTestContext, runRuleTests } from './trial/ruletests.ts';
