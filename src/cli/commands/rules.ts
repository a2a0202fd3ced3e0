// postern rules, postern rule add|edit|rm|enable|disable|text|try|show
import { buildCommand, buildRouteMap, numberParser } from '@stricli/core';
import type { RuleChange, RuleView } from '#model/api.ts';
import type { RulePreview } from '#model/query/history.ts';
import { actions, lifetimeSchema, type RefusalErrno, type RuleText, refusalErrnos } from '#model/rule.ts';
import type { RuleTrial } from '#model/shown/ruletext.ts';
import { ask, type Context, Ending, exits, mustHold } from '../context.ts';
import { type ClientFlags, type ConditionFlags, clientFlags, conditionFlags, conditionsOf } from '../flags.ts';
import { showPreview } from '../history/preview.ts';
import { complain, formatAge, paint, paintAction, safe, table, write, writeJson } from '../output.ts';
import { nameFor } from '../rulename.ts';
import { readText, textCommand, textFlag, tryCommand } from '../rules/text.ts';
import { startTimeOf } from '../starttime.ts';

type Action = (typeof actions)[number];

function printRules(rules: readonly RuleView[], now = Date.now()): void {
  const rows = rules.map((rule) => [
    rule.enabled ? paintAction(rule.action) : paint('gray', 'off'),
    String(rule.priority),
    String(rule.hits),
    formatAge(rule.lastHit),
    rule.origin,
    safe(rule.name),
    safe(rule.text) +
      (rule.expires !== null && rule.expires <= now ? paint('yellow', '  (ended)') : '') +
      (rule.shadowedBy.length > 0 ? paint('yellow', `  (never wins: ${rule.shadowedBy.map(safe).join(', ')})`) : ''),
  ]);
  write(table(['ACTION', 'PRIORITY', 'HITS', 'LAST HIT', 'ORIGIN', 'NAME', 'RULE'], rows));
}

export const rulesCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Show the rules in the order of evaluation',
    fullDescription:
      'Show the rules in the order of evaluation: the first that matches decides. With hits, and what can never win.\n\nExample:\n  postern rules\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    const rules = await ask<RuleView[]>(flags, 'GET', '/rules');
    if (flags.json) writeJson(rules);
    else printRules(rules);
  },
});

interface RuleFlags extends ClientFlags, ConditionFlags {
  readonly name?: string;
  readonly note?: string;
  readonly until?: string;
  readonly priority?: number;
  readonly log: boolean;
  readonly errno?: RefusalErrno;
}

const ruleFlags = {
  ...clientFlags,
  ...conditionFlags,
  name: {
    kind: 'parsed',
    parse: String,
    brief: 'Name of the rule (made up when left out)',
    optional: true,
    placeholder: 'NAME',
  },
  note: { kind: 'parsed', parse: String, brief: 'Why the rule is there', optional: true, placeholder: 'TEXT' },
  until: { kind: 'parsed', parse: String, brief: 'Last day, such as 2026-12-31', optional: true, placeholder: 'DATE' },
  priority: {
    kind: 'parsed',
    parse: numberParser,
    brief: 'Higher comes first (default 0; fences 10)',
    optional: true,
    placeholder: 'N',
  },
  errno: {
    kind: 'enum',
    values: Object.keys(refusalErrnos) as RefusalErrno[],
    brief: 'What a call that it rejects fails with, from Linux 6.1 on',
    optional: true,
    placeholder: 'ERRNO',
  },
  log: { kind: 'boolean', brief: 'Mark its connections in the log', default: false, withNegated: false },
} as const;

const actionParameter = {
  parse: (text: string): Action => {
    const action = actions.find((candidate) => candidate === text);
    if (action === undefined) throw new Error(`there is no action "${text}"; choose ${actions.join(', ')}`);
    return action;
  },
  brief: actions.join(', '),
  placeholder: 'ACTION',
} as const;

const nameParameter = { parse: String, brief: 'Name of the rule', placeholder: 'NAME' } as const;

function details(flags: RuleFlags): Partial<RuleText> {
  return {
    ...(flags.priority !== undefined && { priority: flags.priority }),
    ...(flags.note !== undefined && { note: flags.note }),
    ...(flags.until !== undefined && { until: flags.until }),
    ...(flags.errno !== undefined && { errno: flags.errno }),
    ...(flags.log && { log: true }),
  };
}

async function print(flags: ClientFlags, change: RuleChange): Promise<void> {
  if (flags.json) writeJson(change);
  else {
    const { formatRule, untilTime } = await import('#policy/index.ts');
    for (const rule of change.rules) {
      write(`${safe(rule.name)}: ${safe(formatRule(rule))}`);
      if (rule.until === undefined || untilTime(rule.until) > Date.now()) continue;
      complain(`the rule "${safe(rule.name)}" has ended already (${safe(rule.until)}) and matches nothing`);
    }
    write(`${safe(change.version.what)}. Take it back with: postern undo`);
  }
  mustHold(change);
}

function parseLifetime(text: string): string {
  if (text !== 'once' && text !== 'exit' && lifetimeSchema.safeParse(text).success) return text;
  throw new Error(`"${text}" must be boot, always, here or minutes such as 15m`);
}

const addCommand = buildCommand<RuleFlags & { readonly for?: string; readonly try: boolean }, [Action], Context>({
  docs: {
    brief: 'Add a rule',
    fullDescription:
      'Add a rule. Conditions are flags with the words of the rule files; see postern-rules(5). All of them must hold.\n' +
      'An allow rule that a fence would overrule is given the priority of the fence, and that is said.\n\nExamples:\n' +
      '  postern rule add allow --user vagrant --protocol icmp\n' +
      '  postern rule add reject --group noinet\n' +
      '  postern rule add allow --app /usr/bin/curl --to 192.0.2.0/24 --port 443 --for 15m\n' +
      '  postern rule add log --user root\n' +
      '  postern rule add reject --to country:RU --try\n',
  },
  parameters: {
    flags: {
      ...ruleFlags,
      for: {
        kind: 'parsed',
        parse: parseLifetime,
        brief: 'Lifetime: always (default), boot, here (on this network only), or minutes such as 15m',
        optional: true,
        placeholder: 'TIME',
      },
      try: {
        kind: 'boolean',
        brief: 'Only say what it would have done with the connections of the last 7 days',
        default: false,
        withNegated: false,
      },
    },
    positional: { kind: 'tuple', parameters: [actionParameter] },
  },
  async func(flags, action) {
    const startTime = flags.pid === undefined ? undefined : startTimeOf(flags.pid);
    const conditions = conditionsOf(flags, startTime);
    const rules = await ask<RuleView[]>(flags, 'GET', '/rules');
    const name = flags.name ?? nameFor(action, conditions, new Set(rules.map((rule) => rule.name)));
    const rule = { name, action, ...conditions, ...details(flags) } as RuleText;
    const lifetime = flags.for === undefined ? {} : { lifetime: flags.for };
    if (flags.try) {
      // JSON is YAML. An exception to a fence would get the fence's priority when it is added.
      const { needsPriority } = await ask<RuleTrial>(flags, 'POST', '/rules/try', { text: JSON.stringify(rule) });
      const tried = needsPriority === null ? rule : { ...rule, priority: needsPriority };
      showPreview(flags, tried, await ask<RulePreview>(flags, 'POST', '/rules/preview', { rule: tried, ...lifetime }));
      return;
    }
    const change = await ask<RuleChange>(flags, 'POST', '/rules', { rule, ...lifetime });
    const priority = change.rules[0]?.priority;
    if (priority !== rule.priority && !flags.json) {
      write(`A fence would have overruled it, so the rule has the fence's priority, ${priority}.`);
    }
    await print(flags, change);
  },
});

const editCommand = buildCommand<RuleFlags & { readonly action?: Action; readonly text?: string }, [string], Context>({
  docs: {
    brief: 'Change a rule',
    fullDescription:
      'Change a rule: conditions given as flags take the place of the old ones of the same word; the others stay.\n' +
      'With --text, this YAML takes the place of what the file has (see: postern rule text), comments and all, and other flags count for nothing.\n\n' +
      'Examples:\n  postern rule edit curl-web --port 443,8443\n  postern rule edit curl-web --text -\n',
  },
  parameters: {
    flags: {
      ...ruleFlags,
      action: { kind: 'enum', values: actions, brief: 'Another action', optional: true },
      text: textFlag,
    },
    positional: { kind: 'tuple', parameters: [nameParameter] },
  },
  async func(flags, name) {
    if (flags.text !== undefined) {
      const text = readText(flags.text);
      await print(flags, await ask<RuleChange>(flags, 'PATCH', `/rules/${encodeURIComponent(name)}`, { text }));
      return;
    }
    const rules = await ask<RuleView[]>(flags, 'GET', '/rules');
    const before = rules.find((rule) => rule.name === name);
    if (before === undefined) throw new Ending(exits.no, `there is no rule "${name}"`, 'postern rules lists them');
    const renamed = flags.name === undefined ? {} : { name: flags.name };
    const action = flags.action === undefined ? {} : { action: flags.action };
    const startTime = flags.pid === undefined ? undefined : startTimeOf(flags.pid);
    // Only what rejects makes a call fail.
    const rejects = (flags.action ?? before.rule.action) === 'reject';
    const kept = rejects ? before.rule : { ...before.rule, errno: undefined };
    const rule = { ...kept, ...action, ...conditionsOf(flags, startTime), ...details(flags), ...renamed };
    await print(flags, await ask<RuleChange>(flags, 'PATCH', `/rules/${encodeURIComponent(name)}`, { rule }));
  },
});

function nameCommand(brief: string, example: string, run: (flags: ClientFlags, name: string) => Promise<void>) {
  return buildCommand<ClientFlags, [string], Context>({
    docs: { brief, fullDescription: `${brief}.\n\nExample:\n  ${example}\n` },
    parameters: { flags: clientFlags, positional: { kind: 'tuple', parameters: [nameParameter] } },
    func: (flags, name) => run(flags, name),
  });
}

const path = (name: string) => `/rules/${encodeURIComponent(name)}`;

export const ruleRoutes = buildRouteMap({
  routes: {
    add: addCommand,
    edit: editCommand,
    rm: nameCommand('Remove a rule', 'postern rule rm curl-web', async (flags, name) =>
      print(flags, await ask<RuleChange>(flags, 'DELETE', path(name))),
    ),
    enable: nameCommand('Switch a rule on', 'postern rule enable builtin-ntp', async (flags, name) =>
      print(flags, await ask<RuleChange>(flags, 'PATCH', path(name), { enabled: true })),
    ),
    disable: nameCommand('Switch a rule off', 'postern rule disable builtin-ntp', async (flags, name) =>
      print(flags, await ask<RuleChange>(flags, 'PATCH', path(name), { enabled: false })),
    ),
    text: textCommand,
    try: tryCommand,
    show: nameCommand('Show one rule', 'postern rule show builtin-loopback-out', async (flags, name) => {
      const rule = (await ask<RuleView[]>(flags, 'GET', '/rules')).find((candidate) => candidate.name === name);
      if (rule === undefined) throw new Ending(exits.no, `there is no rule "${name}"`, 'postern rules lists them');
      if (flags.json) writeJson(rule);
      else {
        printRules([rule]);
        if (rule.source !== null) write(`It stands in ${safe(rule.source.file)}:${rule.source.line}.`);
        if (rule.rule.note !== undefined) write(safe(rule.rule.note));
      }
    }),
  },
  docs: { brief: 'Add, change and remove rules' },
});
