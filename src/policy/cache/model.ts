// A model of the kernel's flow cache in plain words: masks tried one after the other, each with a table of masked keys. For the tests.
import type { Attempt } from '#model/attempt.ts';
import type { Decision } from '#model/decision.ts';
import { formatAddress, prefixOf } from '#model/net/address.ts';
import { isIcmp, protocolCode } from '../match/protocol.ts';
import { type FlowMask, isEchoRequest } from './mask.ts';

/** An attempt as the kernel sees it: it compares identities, not what is known of them. */
export interface Call {
  readonly attempt: Attempt;
  /** Mount and file; undefined when there is no program. */
  readonly executable: string | undefined;
  /** Pid, start time and the number of the exec; undefined when there is no program. */
  readonly process: string | undefined;
}

interface Entry {
  readonly mask: FlowMask;
  readonly decision: Decision;
  readonly expires: number;
}

export class ModelCache {
  readonly #tables = new Map<string, { readonly mask: FlowMask; readonly entries: Map<string, Entry> }>();
  #generation = 0;
  /** How often an entry was found whose time was over. */
  expired = 0;

  /** Another policy: no entry holds any more. */
  swap(): void {
    this.#generation++;
  }

  find(call: Call, now: number): Entry | undefined {
    for (const { mask, entries } of this.#tables.values()) {
      const key = this.#key(call, mask);
      const entry = key === undefined ? undefined : entries.get(key);
      if (entry === undefined) continue;
      if (now < entry.expires) return entry;
      this.expired++;
    }
    return undefined;
  }

  add(call: Call, entry: Entry): void {
    const key = this.#key(call, entry.mask);
    if (key === undefined) throw new Error('an entry without a key');
    const name = JSON.stringify(entry.mask);
    const table = this.#tables.get(name) ?? { mask: entry.mask, entries: new Map<string, Entry>() };
    this.#tables.set(name, table);
    table.entries.set(key, entry);
  }

  /** Undefined: what the mask compares is not there. */
  #key({ attempt: { process, flow, names }, ...ids }: Call, mask: FlowMask): string | undefined {
    if (isIcmp(protocolCode(flow)) && !isEchoRequest(flow)) return undefined;
    const { address } = flow.remote;
    if (address.family === 4 && mask.remoteBits > 32) return undefined;
    const { w0, w1, w2, w3 } = prefixOf(address, mask.remoteBits).address;
    const parts: (string | number | undefined)[] = [this.#generation, flow.direction, address.family, w0, w1, w2, w3];
    if (mask.executable) parts.push(ids.executable);
    if (mask.process) parts.push(ids.process);
    if (mask.local) parts.push(flow.local && formatAddress(flow.local.address));
    if (mask.uid) parts.push(process?.uid);
    if (mask.gid) parts.push(process?.gid);
    if (mask.cgroup) parts.push(process?.cgroup);
    if (mask.protocol) parts.push(protocolCode(flow));
    if (mask.loopback) parts.push(String(flow.interface === 'lo'));
    // Stands for the removal of entries when the names of their address change.
    if (mask.names) parts.push(JSON.stringify(names));
    if (mask.port) parts.push(flow.direction === 'in' ? (flow.local?.port ?? 0) : flow.remote.port);
    return parts.includes(undefined) ? undefined : parts.join(' ');
  }
}
