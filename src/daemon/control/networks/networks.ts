// The networks this machine knows, which of them it is on, and what people say of them.
import type { Served } from '#api/services.ts';
import type { RuleChange } from '#model/api.ts';
import {
  type ChangeNetwork,
  type Connected,
  type NetworkSign,
  type Networks,
  type NetworkView,
  sameSign,
  type Tunnel,
  type Whereabouts,
} from '#model/net/network.ts';
import type { RuleText } from '#model/rule.ts';
import { fail, ok, type Result } from '#std/result.ts';
import { readIfThere } from '#store/atomicfile.ts';
import { type NamedNetwork, NetworkFile, networkFileName, parseNetworkFile } from '#store/machine/networkfile.ts';
import { networkId, type SeenNetworks } from '#store/machine/seennetworks.ts';
import type { Draft, EditError } from '#store/rulestore.ts';

export interface NetworksPlan {
  /** Path of networks.yaml. */
  readonly file: string;
  readonly seen: SeenNetworks;
  readonly now: () => number;
  /** Rules as they stand, switched on or off. */
  readonly rules: () => readonly { readonly rule: RuleText; readonly origin: string }[];
  readonly edit: (
    uid: number,
    what: string,
    change: (draft: Draft) => Result<void, EditError>,
  ) => Promise<Served<RuleChange>>;
  /** What rules go by is another now; ends when the gate goes by it too. */
  readonly onWhere: () => Promise<void>;
  /** For the journal and all who follow. */
  readonly record: (type: string, data: unknown) => void;
  readonly notice: (level: 'info' | 'warning', text: string) => void;
}

/** The network the machine is on, for rules that shall hold there alone. */
export interface Here {
  readonly name: string;
  /** Writes the network down under this name, so that rules may go by it. */
  keep(draft: Draft): void;
}

/** One line of the list, whether somebody named it or it was only seen. */
interface Known {
  readonly name: string;
  readonly profile: string | undefined;
  readonly sign: NetworkSign;
}

export class KnownNetworks {
  readonly #plan: NetworksPlan;
  #named: readonly NamedNetwork[] = [];
  #connected: Connected | null = null;
  #tunnels: readonly Tunnel[] = [];
  /** What was last told of, so that nothing is told twice. */
  #told = '';
  #wrong = '';
  /** Where the machine was when Postern ended. */
  readonly #last: NetworkSign | undefined;
  /** The kernel has said where the machine is. */
  #begun = false;
  /** It was never here before, and nobody was told yet. */
  #fresh = false;
  /** Until the gate goes by where the machine is. */
  #applied: Promise<void> = Promise.resolve();
  /** Why nothing is recognised; null where it is. */
  problem: string | null = null;

  constructor(plan: NetworksPlan) {
    this.#plan = plan;
    this.#last = plan.seen.all()[0]?.sign;
    this.look();
  }

  /** What rules go by. */
  where(): Whereabouts {
    const here = this.#here();
    return { ...(here && { network: here.name }), ...(here?.profile !== undefined && { profile: here.profile }) };
  }

  #here(): Known | undefined {
    const sign = this.#connected?.sign;
    return sign == null ? undefined : this.#known().find((one) => sameSign(one.sign, sign));
  }

  here(): Here | undefined {
    const here = this.#here();
    if (here === undefined) return undefined;
    return { name: here.name, keep: (draft) => this.#write(draft, here.name, here) };
  }

  #known(): Known[] {
    const seen = this.#plan.seen.all().filter(({ sign }) => !this.#named.some((one) => sameSign(one.sign, sign)));
    return [...this.#named, ...seen.map(({ name, sign }) => ({ name, sign, profile: undefined }))];
  }

  /** Reads the file again. What is wrong in it is told once, and what was read before holds. */
  look(): void {
    const text = readIfThere(this.#plan.file) ?? '';
    const parsed = parseNetworkFile(text);
    if (!parsed.ok) {
      if (this.#wrong !== text) this.#plan.notice('warning', `${this.#plan.file} is not read: ${parsed.error}.`);
      this.#wrong = text;
      return;
    }
    this.#wrong = '';
    this.#named = parsed.value;
    this.#tell();
  }

  /** What the kernel says now. */
  connected(connected: Connected | null, tunnels: readonly Tunnel[]): void {
    this.#begun = true;
    this.#connected = connected;
    this.#tunnels = tunnels;
    this.#fresh = connected?.sign != null && this.#plan.seen.find(connected.sign) === undefined;
    if (connected !== null) {
      this.#plan.seen.meet(connected, this.#plan.now(), new Set(this.#named.map(({ name }) => name)));
    }
    this.#tell();
  }

  #tell(): void {
    if (!this.#begun) return;
    const { network, profile } = this.where();
    const via = this.#connected && { interface: this.#connected.interface, gateway: this.#connected.gateway };
    const now = {
      ...{ network: network ?? null, profile: profile ?? null },
      ...{ connected: via, tunnels: this.#tunnels.map((tunnel) => tunnel.interface) },
    };
    const told = JSON.stringify(now);
    if (told === this.#told) return;
    const before = this.#told === '' ? undefined : (JSON.parse(this.#told) as typeof now);
    this.#told = told;
    const sign = this.#connected?.sign;
    const stayed = before === undefined && sign != null && this.#last !== undefined && sameSign(sign, this.#last);
    if (!stayed) this.#plan.record('network-changed', now);
    if (this.#fresh && this.#isQuestion(sign)) {
      this.#fresh = false;
      this.#plan.notice(
        'info',
        `You are on a new network, "${network}". What is it? Say so with: postern networks name "${network}" --profile home`,
      );
    }
    if (before === undefined || network !== before.network || profile !== (before.profile ?? undefined)) {
      this.#applied = this.#plan.onWhere();
    }
  }

  #isQuestion(sign: NetworkSign | null | undefined): boolean {
    if (sign == null) return false;
    const named = this.#named.find((one) => sameSign(one.sign, sign));
    return named?.profile === undefined && this.#plan.seen.find(sign)?.later !== true;
  }

  /** Says where the machine is when the gate goes by it, not before. */
  async list(): Promise<Networks> {
    await this.#applied;
    const sign = this.#connected?.sign;
    const views = this.#known().map((known) => this.#view(known, sign != null && sameSign(known.sign, sign)));
    return {
      networks: views.sort((a, b) => Number(b.current) - Number(a.current) || b.lastSeen - a.lastSeen),
      connected: this.#connected,
      tunnels: [...this.#tunnels],
      where: this.where(),
      problem: this.problem,
    };
  }

  #view({ name, profile, sign }: Known, current: boolean): NetworkView {
    const seen = this.#plan.seen.find(sign);
    const named = this.#named.find((one) => sameSign(one.sign, sign));
    const firstSeen = seen?.firstSeen ?? named?.firstSeen ?? 0;
    return {
      id: networkId(sign),
      name,
      profile: profile ?? null,
      question: this.#isQuestion(sign),
      current,
      sign,
      gateway: seen?.gateway ?? null,
      interface: seen?.interface ?? null,
      firstSeen: Math.min(firstSeen, named?.firstSeen ?? firstSeen),
      lastSeen: current ? this.#plan.now() : (seen?.lastSeen ?? firstSeen),
      rules: this.#rulesNaming(name).map(({ rule }) => rule.name),
    };
  }

  #rulesNaming(name: string) {
    return this.#plan.rules().filter(({ rule }) => [rule['known-network'] ?? []].flat().includes(name));
  }

  /** By its id or its name. */
  #find(idOrName: string): Known | undefined {
    const known = this.#known();
    return known.find(({ sign }) => networkId(sign) === idOrName) ?? known.find(({ name }) => name === idOrName);
  }

  async change(uid: number, idOrName: string, { name, profile, later }: ChangeNetwork): Promise<Served<NetworkView>> {
    const found = this.#find(idOrName);
    if (found === undefined) return unknown(idOrName);
    if (later === true) this.#plan.seen.change(found.sign, (seen) => ({ ...seen, later }));
    const next = {
      ...found,
      name: name ?? found.name,
      profile: profile === undefined ? found.profile : (profile ?? undefined),
    };
    if (next.name !== found.name) {
      if (this.#known().some((one) => one !== found && one.name === next.name)) {
        return fail({ code: 'conflict', message: `another network is called "${next.name}" already` });
      }
      const fixed = this.#rulesNaming(found.name).find(({ origin }) => origin === 'file');
      if (fixed !== undefined) {
        const message = `rule "${fixed.rule.name}" in a file of its own goes by the name "${found.name}"; change it there first`;
        return fail({ code: 'conflict', message });
      }
    }
    if (name !== undefined || profile !== undefined) {
      const edited = await this.#plan.edit(uid, whatIsDone(found, next), (draft) => {
        this.#write(draft, found.name, next);
        if (next.name !== found.name) renameInRules(draft, found.name, next.name);
        return ok(undefined);
      });
      if (!edited.ok) return edited;
    } else this.#tell();
    const current = this.#connected?.sign != null && sameSign(found.sign, this.#connected.sign);
    return ok(this.#view(this.#known().find((one) => sameSign(one.sign, found.sign)) ?? next, current));
  }

  /** As if the machine had never been there; the network it is on is new then. */
  async forget(uid: number, idOrName: string): Promise<Served<null>> {
    const found = this.#find(idOrName);
    if (found === undefined) return unknown(idOrName);
    this.#plan.seen.change(found.sign, () => undefined);
    if (this.#connected?.sign != null && sameSign(found.sign, this.#connected.sign)) {
      this.#plan.seen.meet(this.#connected, this.#plan.now(), new Set(this.#named.map(({ name }) => name)));
      this.#fresh = true;
    }
    if (this.#named.some((one) => sameSign(one.sign, found.sign))) {
      const edited = await this.#plan.edit(uid, `forgot the network "${found.name}"`, (draft) => {
        const file = new NetworkFile(draft.files[networkFileName] ?? '');
        file.remove(found.name);
        draft.files[networkFileName] = file.toString();
        return ok(undefined);
      });
      if (!edited.ok) return edited;
    }
    this.#tell();
    return ok(null);
  }

  #write(draft: Draft, before: string, { name, profile, sign }: Known): void {
    const text = draft.files[networkFileName] ?? '';
    if (!parseNetworkFile(text).ok) return;
    const file = new NetworkFile(text);
    const firstSeen =
      this.#plan.seen.find(sign)?.firstSeen ?? this.#named.find((one) => sameSign(one.sign, sign))?.firstSeen;
    file.put(before, { name, profile, sign, firstSeen });
    draft.files[networkFileName] = file.toString();
  }
}

function whatIsDone(before: Known, after: Known): string {
  if (before.name !== after.name) return `called the network "${before.name}" "${after.name}"`;
  if (after.profile === undefined) return `took back what the network "${before.name}" is`;
  return `said that the network "${before.name}" is ${after.profile}`;
}

/** Rules that go by the name go on to. */
function renameInRules(draft: Draft, from: string, to: string): void {
  const renamed = (rule: RuleText): RuleText => {
    const names = [rule['known-network'] ?? []].flat().map((name) => (name === from ? to : name));
    return { ...rule, 'known-network': names.length === 1 ? (names[0] as string) : names };
  };
  const names = (rule: RuleText) => [rule['known-network'] ?? []].flat().includes(from);
  for (const rule of draft.local.rules()) if (names(rule)) draft.local.replace(rule.name, renamed(rule));
  draft.temporary = draft.temporary.map((record) =>
    names(record.rule) ? { ...record, rule: renamed(record.rule) } : record,
  );
}

function unknown(idOrName: string): Served<never> {
  return fail({
    code: 'not-found',
    message: `there is no network "${idOrName}"`,
    hint: 'postern networks lists them',
  });
}
