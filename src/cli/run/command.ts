// postern run, postern runs
import { buildCommand } from '@stricli/core';
import { Client } from '#client/client.ts';
import { dnsWays, type RunReport, type RunView } from '#model/run/run.ts';
import { ask, type Context, Ending, exits, runtimeDirOf } from '../context.ts';
import { type ClientFlags, clientFlags, runtimeDirFlag } from '../flags.ts';
import { formatAge, paint, safe, table, write, writeJson } from '../output.ts';
import { guardAlone } from './alone.ts';
import { begin } from './child.ts';
import { runConfined } from './confined.ts';
import { notConfined, withoutNetwork } from './nonetwork.ts';
import { formatReport } from './report.ts';
import { rulesOfFlags } from './rules.ts';
import { notStrict, withoutServices } from './strict.ts';

interface RunFlags {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly policy?: string;
  readonly network: boolean;
  readonly ask: boolean;
  readonly dns: (typeof dnsWays)[number];
  readonly report?: string;
  readonly learn?: string;
  readonly raw: boolean;
  readonly strict: boolean;
  readonly quiet: boolean;
  readonly runtimeDir?: string;
  readonly cgroup?: string;
  readonly kernelPath?: 'auto' | 'bpf' | 'none';
}

const text = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, placeholder }) as const;
const many = (brief: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, variadic: true, placeholder: 'DEST' }) as const;

/** Flags that mean nothing where there is no network at all. */
function withNothing({ allow, deny, policy, report, learn, ask: asks }: RunFlags): void {
  const given = { '--allow': allow, '--deny': deny, '--policy': policy, '--report': report, '--learn': learn };
  const [first] = Object.entries({ ...given, '--ask': asks ? true : undefined }).filter(
    ([, value]) => value !== undefined,
  );
  if (first !== undefined) throw new Ending(exits.usage, `--no-network leaves nothing for ${first[0]} to decide`);
}

/** Rights of root by which packets pass below every hook, or the rules are taken away. */
const rights = '-net_admin,-net_raw';

function withoutRights(command: readonly string[]): readonly string[] {
  if (process.geteuid?.() !== 0) return command;
  return ['setpriv', `--bounding-set=${rights}`, `--inh-caps=${rights}`, '--', ...command];
}

/** The runtime folder of whoever guards: the Postern that runs, else, for root, one for commands alone. */
async function guardOf(flags: RunFlags): Promise<string> {
  const runtimeDir = runtimeDirOf(flags);
  const { cgroup, kernelPath } = flags;
  const status = await new Client(runtimeDir).ask('GET', '/status');
  if (status.ok || status.error.kind !== 'no-daemon' || process.geteuid?.() !== 0) return runtimeDir;
  return guardAlone(runtimeDir, [
    ...(cgroup === undefined ? [] : ['--cgroup', cgroup]),
    ...(kernelPath === undefined ? [] : ['--kernel-path', kernelPath]),
  ]);
}

export const runCommand = buildCommand<RunFlags, string[], Context>({
  docs: {
    brief: 'Run a command that may reach what you say, and nothing else',
    fullDescription:
      'Run a command that may reach what you say and nothing else, with all that it starts, whatever becomes of that. It keeps its user, terminal,\n' +
      'environment, signals and exit code, and ends with a table of what was tried. Names are answered as far as a destination allows them.\n' +
      'What the rules of the machine refuse stays refused. For root and members of the group postern.\n\n' +
      'DEST is a name, *.name, .name (with what is below), an address, a prefix, loopback, lan, internet, any, list:NAME, country:DE or as:13335, with :PORT,\n' +
      ':LOW-HIGH or several ports with commas, and /tcp, /udp or another protocol behind it where you mean only that; or @PRESET, such as @npm or @git.\n\n' +
      'The exit code is that of the command; 4 when it could not be confined, and then it was not run.\n\nExamples:\n' +
      '  postern run --allow @npm -- npm ci\n' +
      '  postern run --allow github.com:443,22 --deny lan -- git fetch\n' +
      '  postern run --learn rules.yaml -- make            what it does, as rules\n' +
      '  postern run --policy rules.yaml -- make           and nothing else from now on\n' +
      '  postern run --strict --allow @npm -- npm ci       nor by docker, systemd or D-Bus, which would act for it\n' +
      '  postern run --no-network -- ping 8.8.8.8          without root or daemon: "Network is unreachable"\n',
  },
  parameters: {
    flags: {
      allow: many('What it may reach; may be given several times'),
      deny: many('What it may not, whatever is allowed'),
      policy: text('Rules of a file, beside these', 'FILE'),
      network: { kind: 'boolean', brief: '--no-network: no network at all, loopback neither', default: true },
      ask: { kind: 'boolean', brief: 'Ask a person about the rest', default: false, withNegated: false },
      dns: {
        kind: 'enum',
        values: dnsWays,
        brief: 'stub: only names that may be reached are answered; open: any name may be asked for',
        default: 'stub',
      },
      report: text('Write what was tried as JSON (- for standard output)', 'FILE'),
      learn: text('Allow what no rule refuses, and write the rules that it would need', 'FILE'),
      raw: {
        kind: 'boolean',
        brief:
          'As root: leave it the rights to raw sockets and over interfaces, with which it may send past every rule',
        default: false,
        withNegated: false,
      },
      strict: {
        kind: 'boolean',
        brief: 'Keep it from services that start things for it (docker, systemd, D-Bus …), and from processes outside',
        default: false,
        withNegated: false,
      },
      quiet: { kind: 'boolean', brief: 'No table in the end', default: false, withNegated: false },
      runtimeDir: runtimeDirFlag,
      cgroup: text(
        'Where no Postern runs: the cgroup v2 folder in which commands get theirs (default: the root)',
        'PATH',
      ),
      kernelPath: {
        kind: 'enum',
        values: ['auto', 'bpf', 'none'] as const,
        brief: 'Where no Postern runs: as for postern up',
        optional: true,
      },
    },
    aliases: { q: 'quiet' },
    positional: {
      kind: 'array',
      parameter: { parse: String, brief: 'The command and its arguments', placeholder: 'COMMAND' },
      minimum: 1,
    },
  },
  async func(flags, ...command) {
    if (flags.ask && flags.learn !== undefined)
      throw new Ending(exits.usage, '--learn allows what --ask would ask about; say one of them');
    const rules = rulesOfFlags(flags);
    if (!flags.network) withNothing(flags);
    if (flags.strict && flags.raw)
      throw new Ending(exits.usage, '--strict leaves root none of the rights that --raw would; say one of them');
    const covered = flags.strict ? withoutServices(command, { network: flags.network }) : undefined;
    if (covered !== undefined && 'problem' in covered) throw notStrict(covered.problem);
    const alone = flags.network ? undefined : (covered ?? withoutNetwork(command));
    if (alone !== undefined && 'problem' in alone && process.geteuid?.() === 0) throw notConfined(alone.problem);
    const code =
      alone !== undefined && 'command' in alone
        ? await begin(alone.command).ended
        : await runConfined(await guardOf(flags), {
            request: {
              command: command.slice(0, 64).map((word) => word.slice(0, 4096)),
              ...{ rules, ask: flags.ask, learn: flags.learn !== undefined, dns: flags.dns, strict: flags.strict },
            },
            ...{ command: covered?.command ?? (flags.raw ? command : withoutRights(command)), quiet: flags.quiet },
            ...(flags.report !== undefined && { report: flags.report }),
            ...(flags.learn !== undefined && { learn: flags.learn }),
          });
    if (code !== 0) throw new Ending(code);
  },
});

export const runsCommand = buildCommand<ClientFlags, [id?: string], Context>({
  docs: {
    brief: 'Commands that postern run confines now',
    fullDescription:
      'Commands that postern run confines now, with those that have ended and left something running; of one, what it tried so far.\n\nExamples:\n  postern runs\n  postern runs k3f9\n',
  },
  parameters: {
    flags: clientFlags,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Which; all when left out', parse: String, optional: true, placeholder: 'RUN' }],
    },
  },
  async func(flags, id) {
    if (id !== undefined) {
      const report = await ask<RunReport>(flags, 'GET', `/runs/${encodeURIComponent(id)}`);
      if (flags.json) writeJson(report);
      else write(formatReport(report) || 'It tried nothing yet.');
      return;
    }
    const runs = await ask<RunView[]>(flags, 'GET', '/runs');
    if (flags.json) writeJson(runs);
    else if (runs.length === 0) write('No command is confined.');
    else {
      const rows = runs.map(({ id, user, started, ended, command }) => [
        ...[id, safe(user), formatAge(started), ended === null ? 'runs' : paint('yellow', 'left something running')],
        safe(command.join(' ')),
      ]);
      write(table(['RUN', 'USER', 'BEGAN', '', 'COMMAND'], rows));
    }
  },
});
