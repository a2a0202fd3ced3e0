// What the status says of this machine: what works, what only in part, and why.
import type { Status } from '#model/api.ts';

export interface Finding {
  readonly name: string;
  readonly ok: 'yes' | 'partly' | 'no';
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

const failTexts = {
  open: 'without a gate everything passes but what the kernel itself refuses',
  known: 'without a gate only what the kernel itself allows passes, and flows already judged',
  closed: 'without a gate only flows already judged pass',
} as const;

const modeTexts = {
  off: 'off: nothing is attached',
  observe: 'observe: rules are judged and recorded, nothing is enforced',
  allow: 'allow: rules hold, the rest passes',
  ask: 'ask: rules hold, the rest is asked',
  lockdown: 'lockdown: rules hold, the rest is refused',
} as const;

export function findings({ gate, mode, failMode, journal, places }: Status): Finding[] {
  const enforced = mode !== 'off' && mode !== 'observe';
  const found: Finding[] = [
    { name: 'Mode', ok: enforced ? 'yes' : 'partly', text: modeTexts[mode] },
    {
      name: 'Gate',
      ok: gate === null ? 'no' : 'yes',
      text: gate === null ? 'it is away; the rules in the kernel hold, and it is being started again' : 'it judges',
    },
    { name: 'Fail mode', ok: 'yes', text: `${failMode}: ${failTexts[failMode]}` },
  ];
  if (gate !== null) {
    const { tier, reason } = gate.kernelPath;
    const tiers = { btf: 'yes', probe: 'yes', none: 'partly' } as const;
    const words = {
      btf: 'eBPF: the kernel says who calls, and decides what was decided before',
      probe: 'eBPF, as older kernels have it',
      none: 'without eBPF: programs are looked up in /proc',
    } as const;
    found.push({ name: 'Kernel path', ok: tiers[tier], text: `${words[tier]}; ${reason}` });
    const queues = {
      native: 'nft’s own queue',
      compat: 'NFQUEUE inside our nft table',
      none: 'no queue: nothing can be held',
    } as const;
    found.push({ name: 'Queue', ok: gate.queue === 'none' && enforced ? 'no' : 'yes', text: queues[gate.queue] });
    const { heard, reason: why } = gate.resolved;
    found.push({
      name: 'systemd-resolved',
      ok: heard ? 'yes' : 'partly',
      text: heard ? 'it tells the names that it was asked' : why,
    });
  }
  found.push({
    name: 'Journal',
    ok: journal.lost > 0 ? 'partly' : 'yes',
    text: journal.lost > 0 ? `${journal.lost} records were lost` : 'nothing was lost',
  });
  const known = [places.countries, places.networks].filter((one) => one !== null).length;
  found.push({
    name: 'Places',
    ok: known === 2 ? 'yes' : 'partly',
    text:
      known === 2
        ? 'countries and networks are known'
        : known === 1
          ? 'only one of countries and networks is known'
          : 'neither countries nor networks are known',
  });
  return found;
}
