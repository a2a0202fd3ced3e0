// Why a test holds or does not hold: the fields that settle it, and how many bits of the remote address.
import { type Field, fields } from '#model/decision.ts';
import type { Address, Prefix } from '#model/net/address.ts';
import type { Criterion } from '../compile/criterion.ts';
import { fieldOfText, remoteEnd, type View } from '../compile/view.ts';
import { prefixBits } from '../match/prefix.ts';
import { isIcmp } from '../match/protocol.ts';
import { scopeBits } from '../match/scope.ts';
import { bit, type Reason } from './consulted.ts';

const single = (known: boolean) =>
  Object.fromEntries(fields.map((field) => [field, { fields: bit(field), bits: 0, known }])) as Record<Field, Reason>;
const knownReasons = single(true);
const unknownReasons = single(false);

/** One field, of which no more than this is asked for. */
export function reasonOf(field: Field, known = true): Reason {
  return known ? knownReasons[field] : unknownReasons[field];
}

const remoteAddress = bit('flow.remote.address');
const remoteReason = (bits: number): Reason => ({ fields: remoteAddress, bits, known: true });
const protocolAndRemotePort: Reason = { fields: bit('flow.protocol', 'flow.remote.port'), bits: 0, known: true };
const protocolAndLocalPort: Reason = { fields: bit('flow.protocol', 'flow.local.port'), bits: 0, known: true };
const protocolAndIcmp: Reason = { fields: bit('flow.protocol', 'flow.icmp'), bits: 0, known: true };

const loopbackReason: Reason = { fields: bit('flow.interface'), bits: 0, known: true, loopback: true };

function asksForLoopback(test: Extract<Criterion, { kind: 'text' }>): boolean {
  if (fieldOfText(test.field) !== 'flow.interface') return false;
  return test.patterns.every((pattern) => pattern.type === 'exact' && pattern.value === 'lo');
}

/** The value of a text field. */
export function textReason(index: number, view: View): Reason {
  const field = fieldOfText(index);
  return reasonOf(field, field === 'flow.interface' || view.value(index) !== undefined);
}

/** Which ancestors there are; an empty text among them is one that is not known. */
export function ancestorsReason({ process }: View): Reason {
  return reasonOf('process.ancestors', process.ancestors?.includes('') === false);
}

export function groupsReason({ process }: View): Reason {
  return reasonOf('process.groups', process.groups !== undefined);
}

export function pidReason({ process }: View): Reason {
  return reasonOf('process.pid', process.pid !== undefined && process.startTime !== undefined);
}

/** Which names the far end has: they belong to its very address. */
export function namesReason(view: View): Reason {
  return { fields: bit('names') | remoteAddress, bits: allBits(view), known: true };
}

/** Where the far end's very address lies. */
export function placeReason(view: View): Reason {
  return remoteReason(allBits(view));
}

function allBits({ remote }: View): number {
  return remote?.family === 6 ? 128 : 32;
}

/** A program that was found is none of the kernel's own, and none that ran before anybody watched, unless that is said. */
function saidReason(field: 'process.kernel' | 'process.seeded', { process }: View): Reason {
  return reasonOf(field, process.kernel !== undefined || process.pid !== undefined);
}

/** Whether a prefix of the remote address is this one. */
function prefixReason(prefix: Prefix, view: View): Reason {
  return remoteReason(prefixBits(prefix, view.remote as Address));
}

/** Whether the remote address is in this scope. */
export function scopeReason(scope: number, view: View): Reason {
  return remoteReason(scopeBits(scope, view.remote as Address));
}

/** Which entries of a table hold the remote address; the table has counted how many bits settle that. */
export function tableReason(bits: number): Reason {
  return remoteReason(bits);
}

/** Why the test, which holds, does. */
export function matchReason(test: Criterion, view: View): Reason {
  switch (test.kind) {
    case 'port':
      return test.end === remoteEnd ? protocolAndRemotePort : protocolAndLocalPort;
    case 'icmp':
      return protocolAndIcmp;
    case 'ancestor':
      // It holds by an ancestor that is known, whoever the others are.
      return reasonOf('process.ancestors');
    default:
      return reasonEitherWay(test, view);
  }
}

/** Why the test, which does not hold, does not. */
export function missReason(test: Criterion, view: View): Reason {
  switch (test.kind) {
    case 'port':
      if (!view.hasPorts) return reasonOf('flow.protocol');
      return reasonOf(test.end === remoteEnd ? 'flow.remote.port' : 'flow.local.port');
    case 'icmp':
      return reasonOf(isIcmp(view.protocol) ? 'flow.icmp' : 'flow.protocol');
    case 'ancestor':
      return ancestorsReason(view);
    default:
      return reasonEitherWay(test, view);
  }
}

function reasonEitherWay(test: Exclude<Criterion, { kind: 'port' | 'icmp' | 'ancestor' }>, view: View): Reason {
  const { process } = view;
  switch (test.kind) {
    case 'text':
      return asksForLoopback(test) ? loopbackReason : textReason(test.field, view);
    case 'protocol':
      return reasonOf('flow.protocol');
    case 'prefix':
      return test.end === remoteEnd ? prefixReason(test.prefix, view) : reasonOf('flow.local.address');
    case 'scope':
      return test.end === remoteEnd ? scopeReason(test.scope, view) : reasonOf('flow.local.address');
    case 'network':
      return reasonOf('flow.local.address');
    case 'name':
    case 'list':
      return namesReason(view);
    case 'country':
    case 'as':
      return placeReason(view);
    case 'uid':
      return reasonOf('process.uid', process.uid !== undefined);
    case 'gid':
      return reasonOf('process.gid', process.gid !== undefined);
    case 'groups':
      return groupsReason(view);
    case 'args':
      return reasonOf('process.args', process.args !== undefined);
    case 'process':
      return pidReason(view);
    case 'kernel':
    case 'seeded':
      return saidReason(`process.${test.kind}`, view);
    case 'where':
      return reasonOf('machine.network');
  }
}
