// postern status, postern doctor
import { buildCommand } from '@stricli/core';
import type { DoctorCheck, Status } from '#model/api.ts';
import type { Networks } from '#model/net/network.ts';
import type { Counters, GateStatus, KernelPath } from '#model/status.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { formatEncryptedDns } from '../encrypteddns.ts';
import { type ClientFlags, clientFlags, jsonFlag } from '../flags.ts';
import { networkQuestion, whereNow } from '../machine/networks.ts';
import { selfTestLine } from '../machine/selftest.ts';
import { formatTime, paint, safe, write, writeJson } from '../output.ts';
import { doorLines } from '../pages/door.ts';

/** Counters that are worth a line when they are not zero, and what each means. */
const losses: readonly [keyof Counters, string][] = [
  ['quotaUser', 'flows refused at once, because their user had too many open questions'],
  ['quotaApp', 'flows refused at once, because their program had too many open questions'],
  ['quotaPackets', 'packets dropped, because their held flow sent too many'],
  ['queueHalfFull', 'flows refused at once, because half the queue was held'],
  ['rateLimited', 'packets refused by the kernel, because one user or peer opened too many flows a second'],
  ['queueFull', 'packets the kernel dropped, because the queue was full'],
  ['queueUserDropped', "packets the kernel dropped, because Postern's buffer was full"],
  ['heldLost', 'held packets the kernel dropped, because a firewall table or a network device was taken away'],
  ['noBuffers', 'times that events or copies were lost, because a buffer was full'],
  ['unattributed', 'flows whose program was not found'],
  ['malformed', 'packets that could not be read, and were dropped'],
  ['badMessages', 'messages of the kernel that could not be read'],
  ['eventsLost', 'events of processes that were lost, because the ring was full, and were looked up again'],
  ['untaught', "decisions that found no room in the kernel's cache, and are made again each time"],
  ['socketsLost', "sockets that found no room in the kernel's tables, and are asked about each time"],
  ['processesLost', "processes that found no room in the kernel's table, and are identified as without eBPF"],
  ['packetsUnknown', 'packet sockets refused, because nothing was known yet of the programs that made them'],
  ['forged', 'programs that changed what /proc says of them'],
  ['unhashed', 'programs that the kernel was to hash as they were executed, and did not'],
  ['unixUntold', 'calls of confined commands to Unix sockets that were not told, because there were too many'],
  ['unreported', 'connections missing in the journal, because the control plane was away or slow'],
];

function modeLine(status: Status): string {
  const { mode, pausedUntil, revertsAt, revertsTo } = status;
  if (pausedUntil !== null) return `${mode}, paused until ${formatTime(pausedUntil)}`;
  if (revertsAt !== null) return `${mode}, goes back to ${revertsTo} at ${formatTime(revertsAt)} unless confirmed`;
  return mode;
}

function kernelPathLine({ tier, reason }: KernelPath): string {
  return tier === 'none' ? `none: ${safe(reason)}` : `${tier}: the kernel tells who each process is`;
}

function namesLine({ resolved, counters }: GateStatus): string {
  const told = resolved.heard
    ? `${counters.resolvedAnswers} of systemd-resolved`
    : `systemd-resolved is not heard: ${safe(resolved.reason)}`;
  return `${counters.dnsAnswers} answers of name servers, ${told}`;
}

function describe(status: Status): string[] {
  const { gate, problems, refusal, journal } = status;
  const lines = [
    `Postern ${status.version}`,
    `Mode           ${paint('bold', modeLine(status))}`,
    `Fail mode      ${status.failMode}`,
  ];
  if (gate === null)
    lines.push(`Gate           ${paint('red', 'away: the rules in the kernel hold, the fail mode decides the rest')}`);
  else {
    const { counters } = gate;
    lines.push(
      `Gate           process ${gate.pid}, since ${formatTime(gate.started)}, queue ${gate.queue}`,
      `eBPF           ${kernelPathLine(gate.kernelPath)}`,
      `Names          ${namesLine(gate)}`,
      `Policy         revision ${gate.revision}, ${gate.rules} rules, ${gate.kernelRules} of them held by the kernel itself`,
      `Held now       ${gate.held} packets in ${gate.prompts} questions`,
      `Judged         ${counters.packets} packets: ${counters.accepted} accepted, ${counters.rejected} rejected, ${counters.dropped} dropped`,
      `In the kernel  ${counters.kernelRefused} packets refused without asking`,
      `Questions      ${counters.prompts} asked, ${counters.answered} answered, ${counters.expired} not answered in time`,
    );
    for (const [name, meaning] of losses) {
      if (counters[name] > 0) lines.push(paint('yellow', `               ${counters[name]} ${meaning}`));
    }
  }
  const blind = formatEncryptedDns(status.encryptedDns);
  lines.push(...blind.map((line, at) => `${at === 0 ? 'Encrypted DNS' : '             '}  ${line}`));
  lines.push(
    `Journal        ${safe(journal.file)}, ${Math.ceil(journal.bytes / 1024)} KB${journal.lost > 0 ? paint('red', `, ${journal.lost} rows lost`) : ''}`,
  );
  lines.push(`Rules          ${safe(status.rulesDir)}`);
  const { countries, networks } = status.places;
  lines.push(`Countries      ${safe(countries ?? 'not known: run script/setup, or put a file into /etc/postern/geo')}`);
  if (networks !== countries) lines.push(`Networks       ${safe(networks ?? 'not known')}`);
  if (status.selfTest !== null) lines.push(`Self-test      ${selfTestLine(status.selfTest)}`);
  const { url, problem } = status.pages;
  const pagesLine = url === null ? 'switched off' : `${safe(url)}; log in with: postern ui`;
  lines.push(`Pages          ${problem === null ? pagesLine : paint('yellow', `not served: ${safe(problem)}`)}`);
  lines.push(...doorLines(status.pages));
  if (refusal !== null) lines.push(paint('red', `The gate refuses the newest policy: ${safe(refusal)}`));
  for (const { file, line, column, severity, message } of problems) {
    lines.push(
      paint(severity === 'error' ? 'red' : 'yellow', `${safe(file)}:${line}:${column}: ${severity}: ${safe(message)}`),
    );
  }
  return lines;
}

export const statusCommand = buildCommand<ClientFlags, [], Context>({
  docs: {
    brief: 'Say what Postern is doing',
    fullDescription:
      'Say what Postern is doing: mode, rules, held packets, losses, what is wrong.\n\nExamples:\n  postern status\n  postern status --json | jq .gate.counters\n',
  },
  parameters: { flags: clientFlags },
  async func(flags) {
    const status = await ask<Status>(flags, 'GET', '/status');
    if (flags.json) {
      writeJson(status);
      return;
    }
    const networks = await ask<Networks>(flags, 'GET', '/networks');
    for (const line of describe(status)) write(line);
    write(`Network        ${whereNow(networks)}`);
    const question = networkQuestion(networks);
    if (question !== undefined) write(paint('yellow', question));
  },
});

const signs: Readonly<Record<DoctorCheck['ok'], string>> = { yes: '✓', no: '✗', partly: '~' };
const styles = { yes: 'green', no: 'red', partly: 'yellow' } as const;
const tiers = {
  full: 'full: the kernel tells who each process is',
  '5.10': 'as full, with the programs for kernels from 5.10 on',
  'no-bpf': 'no BPF: NFQUEUE, sock_diag and /proc; attribution is best effort',
} as const;

export const doctorCommand = buildCommand<{ readonly json: boolean }, [], Context>({
  docs: {
    brief: 'Check what this machine can and cannot do for Postern',
    fullDescription:
      'Check what this machine can and cannot do for Postern, and say what to do about it. Changes nothing.\n\nExample:\n  sudo postern doctor\n',
  },
  parameters: { flags: { json: jsonFlag } },
  async func({ json }) {
    const report = await this.injected.doctor();
    if (json) writeJson(report);
    else {
      for (const { name, ok, text, hint } of report.checks) {
        write(`${paint(styles[ok], signs[ok])} ${name}: ${safe(text)}`);
        if (hint !== undefined) write(`    ${safe(hint)}`);
      }
      write(`\nTier: ${tiers[report.tier]}`);
    }
    const essential = report.checks.some(
      ({ name, ok }) => ok === 'no' && name !== 'identity at exec' && name !== 'user namespaces',
    );
    if (essential) throw new Ending(exits.no);
  },
});
