// The rules that nft can enforce alone, as a table for machines that run no Postern.
import type { ExportReport } from '#model/exchange/reports.ts';
import { activeRules, Exported, leaveInactive } from '#policy/export/rules.ts';
import type { OrderedRule, Policy } from '#policy/index.ts';
import { escapeText } from '#std/text.ts';
import { hookOf, standaloneLines } from './kernelrules.ts';
import { hooks } from './table.ts';

const tableName = 'postern_export';

export function exportNft(policy: Policy): ExportReport {
  const exported = new Exported();
  leaveInactive(policy.ordered, exported);
  const said = new Map<string, number>();
  const chains = hooks.map((hook) => {
    const lines: string[] = [];
    for (const rule of policy.kernelRules) {
      if (hookOf[rule.direction] !== hook) continue;
      const own = standaloneLines(rule);
      if (own === undefined) continue;
      said.set(rule.name, (said.get(rule.name) ?? 0) + own.length);
      lines.push(`# ${escapeText(rule.name)}`, ...own);
    }
    const head = [`type filter hook ${hook} priority filter; policy accept;`, 'ct state established,related accept'];
    return [`  chain ${hook} {`, ...[...head, ...lines].map((line) => `    ${line}`), '  }'].join('\n');
  });
  for (const rule of activeRules(policy.ordered)) {
    const why = reasonOf(rule);
    if (why !== undefined && said.has(rule.name)) exported.leave(rule, `only a part of it is there: ${why}`);
    else if (why !== undefined) exported.leave(rule, why);
    else if (said.has(rule.name)) exported.carry(rule);
    else exported.leave(rule, 'a rule before it that nft cannot say may decide the same flows');
  }
  exported.trap(null, 'users and groups are numbers of this machine; what no rule decides is accepted');
  exported.trap(null, 'nft judges each packet: answers of connections that stand are accepted first');
  const head = [
    '# Rules of Postern that nft can say by itself, in the order in which they are tried.',
    ...exported.comments(),
  ];
  // So that loading it twice does not add the rules twice.
  const table = [`table inet ${tableName}`, `delete table inet ${tableName}`, `table inet ${tableName} {`];
  return exported.report('nft', [{ name: 'postern.nft', text: `${[...head, ...table, ...chains, '}'].join('\n')}\n` }]);
}

const unsayable = ['app', 'ancestor', 'args', 'supplementary-group', 'cgroup', 'label', 'seeded', 'name-from'] as const;

/** Why nft cannot say the rule, or not all of it. */
function reasonOf({ rule, action }: OrderedRule): string | undefined {
  if (action === 'ask' || action === 'log') return `nft cannot ${action}`;
  if (rule.log === true) return 'nft would decide it without a record';
  const key = unsayable.find((one) => rule[one] !== undefined);
  if (key !== undefined) return `nft cannot ask for "${key}"`;
  const place = [rule.to ?? [], rule.from ?? []]
    .flat()
    .find((text) => !/^(any|lan|loopback|multicast|internet)(:|$)|^\[|^[\da-f:.]+(\/|:|$)/i.test(text));
  return place === undefined ? undefined : `nft cannot ask for "${place}"`;
}
