// Which networks the machine was on, named or not: when first and last, and whether the question what it is was put off.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Connected, type NetworkSign, networkSignSchema, sameSign } from '#model/net/network.ts';
import { StateFile } from '../state/statefile.ts';

const seenSchema = z.strictObject({
  sign: networkSignSchema,
  /** What it is called while nobody names it. */
  name: z.string(),
  gateway: z.string().nullable(),
  interface: z.string(),
  firstSeen: z.number(),
  lastSeen: z.number(),
  /** Nobody wants to be asked again. */
  later: z.literal(true).optional(),
});
export type SeenNetwork = z.infer<typeof seenSchema>;

/** Others could send a machine through any number of networks: the ones seen longest ago are forgotten. */
const maxSeen = 1000;

/** A short name of the sign that is the same on every machine. */
export function networkId(sign: NetworkSign): string {
  const key = 'link' in sign ? ['link', sign.link] : ['gateway', sign.gateway, sign.ssid ?? null];
  return createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 12);
}

export class SeenNetworks {
  readonly #file: StateFile<SeenNetwork[]>;
  #seen: readonly SeenNetwork[];

  constructor(file: string, onProblem: (text: string) => void) {
    this.#file = new StateFile({
      file,
      schema: z.array(seenSchema),
      empty: [],
      unreadable: (path) => `The networks that were seen could not be read from ${path}; they begin anew.`,
      unkept: (path, why) => `The networks that were seen cannot be kept in ${path} (${why}).`,
      onProblem,
    });
    this.#seen = this.#file.read();
  }

  all(): readonly SeenNetwork[] {
    return this.#seen;
  }

  find(sign: NetworkSign): SeenNetwork | undefined {
    return this.#seen.find((one) => sameSign(one.sign, sign));
  }

  /** The machine is on it. `taken` are names of others. */
  meet({ sign, gateway, interface: name }: Connected, now: number, taken: ReadonlySet<string>): void {
    if (sign === null) return;
    const known = this.find(sign);
    const names = new Set([...taken, ...this.#seen.filter((one) => one !== known).map((one) => one.name)]);
    const met: SeenNetwork = {
      firstSeen: now,
      ...known,
      name: known?.name ?? freeName(nameFor(sign, gateway), names),
      ...{ sign, gateway, interface: name, lastSeen: now },
    };
    const others = this.#seen.filter((one) => one !== known).sort((a, b) => b.lastSeen - a.lastSeen);
    this.#write([met, ...others.slice(0, maxSeen - 1)]);
  }

  change(sign: NetworkSign, change: (seen: SeenNetwork) => SeenNetwork | undefined): void {
    this.#write(this.#seen.flatMap((one) => (sameSign(one.sign, sign) ? (change(one) ?? []) : one)));
  }

  #write(seen: SeenNetwork[]): void {
    this.#seen = seen;
    this.#file.write(seen);
  }
}

function nameFor(sign: NetworkSign, gateway: string | null): string {
  if ('link' in sign) return `Link ${sign.link}`;
  return (sign.ssid ?? '').trim().slice(0, 60) || `Network at ${gateway ?? sign.gateway}`;
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 2, free = name; ; free = `${name} ${number++}`) if (!taken.has(free)) return free;
}
