// What a flow is called once its first packets were looked at: what the program says there corrects what its address is called.
import { type Attempt, type DestinationName, maxNames, sameName, withNames } from '#model/attempt.ts';
import type { FirstSaid } from '#wire/firstwords/firstwords.ts';

type Names = Attempt['names'];

/**
 * The names of the flow with what was said in it. A name that is said stands alone, with the evidence that there is for it: an
 * address may have many. Where the true name may be another one, that is encrypted or meant for a proxy, the others stay.
 */
export function namesSaid(names: Names, said: FirstSaid | undefined): Names {
  if (said?.kind !== 'name') return names;
  const { name, from, encryptedHello } = said;
  const heard: DestinationName = encryptedHello ? { name, from, ech: true } : { name, from };
  const stays = (one: DestinationName) => !corrects(said) || one.name === name;
  return [heard, ...names.filter((one) => stays(one) && !sameName(one, heard))].slice(0, maxNames);
}

/** Whether what is said is what the flow is for, for certain as far as the program's word goes. */
function corrects({ encryptedHello, proxied }: Extract<FirstSaid, { kind: 'name' }>): boolean {
  return !encryptedHello && !proxied;
}

/** Whether the flow said the name itself. */
export function isSaid({ from }: Pick<DestinationName, 'from'>): boolean {
  return from === 'sni' || from === 'quic' || from === 'http';
}

/** Whether the flow itself said what it is for, so that other names of its address say nothing of it. */
export function isSettled(names: Names): boolean {
  return names.some((one) => isSaid(one) && one.ech !== true);
}

/** What a flow that goes on is called: as it was when it was judged, and what else its address is called unless the flow said a name. */
export function namesOfGoing(now: Names, before: Names): Names {
  return isSettled(before) ? before : withNames(now, before);
}

/** Whether this is another destination than the flow was judged for. */
export function contradicts(before: Names, said: FirstSaid | undefined): boolean {
  if (said?.kind !== 'name' || !corrects(said) || before.length === 0) return false;
  return !before.some(({ name }) => name === said.name);
}
