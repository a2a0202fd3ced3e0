// The flows that the kernel's programs know: which of them stand at the hooks, who called, what was decided before. One for
// the gate, over the maps and programs that the supervisor pinned.
import { closeSync } from 'node:fs';
import type { Caller } from '#engine/types.ts';
import type { Totals } from '#model/connection.ts';
import type { Flow } from '#model/flow.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { ChainPrograms } from '../../nft/table.ts';
import { KernelConfig } from '../config.ts';
import { Confinements } from '../identity/confinements.ts';
import { layouts } from '../layout.ts';
import type { Libbpf } from '../libbpf.ts';
import { Frames } from '../lsm/frames.ts';
import { type BpfMap, openPinned } from '../map.ts';
import type { Pins } from '../pins.ts';
import { bootMs } from './bootclock.ts';
import { Callers } from './callers.ts';
import { readFlow } from './flowbytes.ts';
import { FlowCache } from './flowcache.ts';
import {
  chainPrograms,
  guestProgram,
  type HookState,
  Hooks,
  listenProgram,
  passedPrograms,
  programPin,
} from './hooks.ts';
import { flowEvents, flowLayouts, verdictCodes } from './layout.ts';
import { flowMaps } from './maps.ts';
import type { Numbered } from './rulenumbers.ts';

/** Something that the programs tell of a flow. */
export type FlowEvent =
  | {
      /** `unknown`: what the call got of whose maker nothing was known; it could not wait. */
      readonly type: 'decided' | 'void' | 'unknown';
      readonly flow: Flow;
      readonly caller: Caller;
      /** What decided; undefined where the number is not one of this gate's. */
      readonly by: Numbered | undefined;
      readonly verdict: 'allow' | 'reject' | 'drop' | undefined;
      /** The socket's number since boot. */
      readonly cookie: bigint;
      /** Of `void`: another program uses the socket than the one that was judged. */
      readonly otherProgram: boolean;
    }
  | { readonly type: 'end'; readonly flow: Flow; readonly totals: Totals };

const types = new Map<number, 'decided' | 'void' | 'unknown'>([
  [flowEvents.flow, 'decided'],
  [flowEvents.void, 'void'],
  [flowEvents.unknown, 'unknown'],
]);
const verdicts = new Map<number, 'allow' | 'reject' | 'drop'>([
  [verdictCodes.allow, 'allow'],
  [verdictCodes.reject, 'reject'],
  [verdictCodes.drop, 'drop'],
]);

export class KernelFlows {
  readonly cache: FlowCache;
  readonly callers: Callers;
  readonly confinements: Confinements;
  /** What our chains ask. */
  readonly programs: ChainPrograms;
  readonly #config: KernelConfig;
  readonly #hooks: Hooks;
  readonly #frames: Frames;
  readonly #maps: readonly BpfMap[];

  private constructor(lib: Libbpf, pins: Pins, cgroup: string, programs: ChainPrograms) {
    const open = (name: keyof typeof flowMaps) => {
      const [keySize, valueSize] = flowMaps[name];
      return openPinned(lib, pins.path(name), name, keySize, valueSize);
    };
    const [flows, masks, hits, sockets, talks, asked, ports, procs, guests, listened] = [
      open('flows'),
      open('masks'),
      open('hits'),
      open('sockets'),
      open('talks'),
      open('asked'),
      open('ports'),
      openPinned(lib, pins.path('procs'), 'procs', 4, layouts.process.size),
      open('guests'),
      open('listened'),
    ];
    const confinements = open('confinements');
    const settings = openPinned(lib, pins.path('config'), 'config', 4, layouts.config.size);
    this.#maps = [flows, masks, hits, sockets, talks, asked, ports, procs, guests, listened, confinements, settings];
    this.#config = new KernelConfig(settings.fd);
    this.confinements = new Confinements(confinements, procs, this.#config);
    this.cache = new FlowCache({ flows, masks, hits }, this.#config, bootMs);
    this.callers = new Callers(
      { asked, guests, sockets, talks, ports, procs, listened },
      () => this.cache.generation,
      bootMs,
    );
    this.#hooks = new Hooks(lib, pins, cgroup);
    this.#frames = new Frames(lib, pins);
    this.programs = programs;
  }

  /**
   * `netns`: cookie of the network namespace that is guarded. `build` names the programs' build. The error is a sentence.
   */
  static open(
    lib: Libbpf,
    pins: Pins,
    options: { readonly cgroup: string; readonly netns: bigint; readonly build: string },
  ): Result<KernelFlows> {
    const fds: number[] = [];
    const program = (name: string) => {
      const fd = lib.bpf_obj_get(pins.path(programPin(name)));
      if (fd < 0) throw new Error(`the program ${name} is not pinned`);
      fds.push(fd);
      return fd;
    };
    const chain = ({ allowed, rejected, dropped }: Readonly<Record<'allowed' | 'rejected' | 'dropped', string>>) => ({
      allowed: program(allowed),
      rejected: program(rejected),
      dropped: program(dropped),
    });
    try {
      const programs = {
        build: options.build,
        passed: { output: program(passedPrograms.output), input: program(passedPrograms.input) },
        fds: {
          output: chain(chainPrograms.output),
          loopback: chain(chainPrograms.loopback),
          input: chain(chainPrograms.input),
          forward: chain(chainPrograms.forward),
        },
        guest: program(guestProgram),
        listened: program(listenProgram),
      };
      const flows = new KernelFlows(lib, pins, options.cgroup, programs);
      flows.#config.setNetworkNamespace(options.netns);
      return ok(flows);
    } catch (error) {
      for (const fd of fds) closeSync(fd);
      return fail(
        `what knows flows in the kernel cannot be taken up: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  /**
   * Which programs stand at the hooks. `observe` can refuse nothing. `forward`: what is forwarded is judged. `packets`: a packet
   * socket is refused where nothing is known of who makes it. `listens`: what flows say first may decide.
   */
  stand(
    state: HookState,
    judged: { readonly forward?: boolean; readonly packets?: boolean; readonly listens?: boolean } = {},
  ): Result<void> {
    this.#config.set('forward', judged.forward === true ? 1 : 0);
    this.#config.set('packets', judged.packets === true ? 1 : 0);
    this.#config.set('listens', judged.listens === true ? 1 : 0);
    this.#config.set('enforce', state === 'enforce' ? 1 : 0);
    this.#config.set('report', state === 'off' ? 0 : 1);
    const hooks = this.#hooks.set(state);
    if (!hooks.ok) return hooks;
    const frames = this.#frames.set(state);
    return frames.ok ? frames : fail(`no program can stand where packet sockets are made: ${frames.error}`);
  }

  /** Whether the making of packet sockets is judged, so that it is worth teaching. */
  get judgesFrames(): boolean {
    return this.#frames.judges;
  }

  /** Reads an event of the ring that begins at `start`; undefined for one that is none of flows. */
  event(bytes: Buffer, start: number): FlowEvent | undefined {
    const type = bytes.readUInt32LE(start + layouts.event.type);
    const { event_flow, event_end } = flowLayouts;
    const kind = types.get(type);
    if (kind !== undefined) {
      const flow = readFlow(bytes, start + event_flow.flow);
      if (flow === undefined) return undefined;
      return {
        type: kind,
        flow,
        caller: this.callers.read(bytes, start + event_flow.owner),
        by: this.cache.numbered(bytes.readUInt32LE(start + event_flow.rule)),
        verdict: verdicts.get(bytes.readUInt32LE(start + event_flow.verdict)),
        cookie: bytes.readBigUInt64LE(start + event_flow.cookie),
        otherProgram: bytes.readUInt32LE(start + event_flow.exec) === 1,
      };
    }
    if (type === flowEvents.end) {
      const flow = readFlow(bytes, start + event_end.flow);
      const total = (at: number) => Number(bytes.readBigUInt64LE(start + at));
      return (
        flow && {
          type: 'end',
          flow,
          totals: {
            bytesOut: total(event_end.bytes_out),
            bytesIn: total(event_end.bytes_in),
            packetsOut: total(event_end.packets_out),
            packetsIn: total(event_end.packets_in),
          },
        }
      );
    }
    return undefined;
  }

  close(): void {
    for (const fds of [this.programs.passed, ...Object.values(this.programs.fds)]) {
      for (const fd of Object.values(fds)) closeSync(fd);
    }
    closeSync(this.programs.guest);
    closeSync(this.programs.listened);
    this.#config.close();
    for (const map of this.#maps) map.close();
  }
}
