// The name server of a confined command, at both addresses of the loopback, for the names that its rules allow.
import { type Address, formatAddress, parseAddress } from '#model/net/address.ts';
import type { RunState } from '#model/run/run.ts';
import { parseDestination } from '#policy/match/destination.ts';
import { allowedNames } from '#policy/run/allowednames.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { DnsLesson, DnsStubPlan } from './dns/plan.ts';
import { DnsStub } from './dns/stub.ts';

const dnsPort = 53;
const [loopback4, loopback6] = ['127.0.0.1', '::1'].map((text) => parseAddress(text) as Address) as [Address, Address];

export interface NamesTold {
  learned(lesson: {
    readonly name: string;
    readonly canonical?: string;
    readonly addresses: { readonly address: string; readonly ttl: number }[];
  }): Promise<void>;
  answered(question: { readonly name: string; readonly type: string }): void;
  refused(question: { readonly name: string; readonly type: string; readonly reason: string }): void;
}

export interface RunNames {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Whether names tell nothing that could not be told anyway, or cannot be known beforehand: where any address may be reached, and
 * where a person is asked or it is to be learned what is.
 */
function answersAll({ rules, ask, learn }: Pick<RunState, 'rules' | 'ask' | 'learn'>): boolean {
  if (ask || learn) return true;
  return rules.some(({ action, to }) => {
    if (action !== 'allow') return false;
    if (to === undefined) return true;
    return [to].flat().some((text) => {
      const parsed = parseDestination(text);
      if (!parsed.ok) return false;
      const { place } = parsed.value;
      return place.type === 'any' || (place.type === 'scope' && place.scope === 'internet');
    });
  });
}

/** The error is a sentence. */
export async function serveNames(
  run: Pick<RunState, 'rules' | 'ask' | 'learn'>,
  upstreams: readonly Address[],
  told: NamesTold,
): Promise<Result<RunNames>> {
  const all = answersAll(run);
  const allows = allowedNames(run.rules);
  const plan: DnsStubPlan = {
    upstreams: upstreams.map((address) => ({ address, port: dnsPort })),
    allows: (name: string) => all || allows(name),
    learned: ({ addresses, ...lesson }: DnsLesson) =>
      told.learned({
        ...lesson,
        addresses: addresses.map(({ address, ttl }) => ({ address: formatAddress(address), ttl })),
      }),
    answered: (question) => told.answered(question),
    refused: (question) => told.refused(question),
    now: () => performance.now(),
  };
  const four = await DnsStub.listen(plan, { address: loopback4 });
  if (!four.ok) return fail(four.error);
  const { port } = four.value;
  // Where there is no IPv6, nobody asks by it.
  const six = await DnsStub.listen(plan, { address: loopback6, port });
  const stubs = six.ok ? [four.value, six.value] : [four.value];
  return ok({ port, close: async () => void (await Promise.all(stubs.map((stub) => stub.close()))) });
}
