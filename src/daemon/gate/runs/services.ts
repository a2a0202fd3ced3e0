// Which services the commands of `postern run` ask over Unix sockets: only of those that start what is not confined is anything told.
import { posix } from 'node:path';
import type { UnixCall } from '#kernel/bpf/unix/calls.ts';
import { anyHome, placesOf, socketsAt, statOf } from '#kernel/confine/places.ts';
import { reachedBy } from '#kernel/confine/reached.ts';
import type { GateMessage } from '#model/messages.ts';
import type { RunService } from '#model/run/run.ts';
import { type Service, serviceAt, socketPaths } from '#policy/run/services.ts';

const gatherMs = 50;
/** How long it is believed where the sockets are. */
const rememberedMs = 1000;
/** Sockets that are told apart of one command until they are sent. */
const maxGathered = 200;

export interface ServiceCallsPlan {
  /** The run that confines by the cgroup with this id. */
  runOf(cgroup: bigint): string | undefined;
  /** Whether it was sent. */
  send(message: Extract<GateMessage, { type: 'services' }>): boolean;
  now(): number;
}

type Found = Pick<RunService, 'socket' | 'action' | 'by'> & { readonly service: Service | undefined };
interface Gathered {
  readonly services: Map<string, RunService>;
  untold: number;
}

/** Those that are there. */
const socketsOf = (pattern: string): readonly string[] =>
  placesOf(pattern, anyHome).flatMap((place) => socketsAt(place));

/** As they are written: those that are there, and those that may come at a place that is known whole. */
export function pathsOfServices(): readonly string[] {
  const paths = socketPaths.flatMap((pattern) =>
    /[*~]|\/$/.test(pattern) ? socketsOf(pattern) : [pattern, ...socketsOf(pattern)],
  );
  return [...new Set(paths.flatMap((path) => (path.startsWith('/run/') ? [path, `/var${path}`] : [path])))];
}

/** /var/run is /run, wherever both are. */
const plain = (path: string) => posix.normalize(path).replace(/^\/var\/run\//, '/run/');

export class ServiceCalls {
  readonly #plan: ServiceCallsPlan;
  readonly #gathered = new Map<string, Gathered>();
  #timer: NodeJS.Timeout | undefined;
  /** By device and inode. */
  #known: ReadonlyMap<string, string> = new Map();
  #knownUntil = Number.NEGATIVE_INFINITY;

  constructor(plan: ServiceCallsPlan) {
    this.#plan = plan;
  }

  see(call: UnixCall): void {
    const run = this.#plan.runOf(call.confined);
    if (run === undefined) return;
    const found = call.name[0] === 0 ? abstract(call) : this.#path(call);
    if (found === undefined && call.untold === 0) return;
    const gathered = this.#gathered.get(run) ?? { services: new Map<string, RunService>(), untold: 0 };
    this.#gathered.set(run, gathered);
    gathered.untold += call.untold;
    if (found !== undefined) this.#gather(gathered, found);
    this.#timer ??= setTimeout(() => this.flush(), gatherMs);
  }

  #gather(gathered: Gathered, { service, ...facts }: Found): void {
    const key = JSON.stringify(facts);
    const known = gathered.services.get(key);
    const now = this.#plan.now();
    if (known === undefined && gathered.services.size >= maxGathered) gathered.untold += 1;
    else {
      gathered.services.set(key, {
        ...{ service: service?.name ?? null, ...facts, does: service?.does ?? null },
        ...{ times: (known?.times ?? 0) + 1, first: known?.first ?? now, last: now },
      });
    }
  }

  #path(call: UnixCall): Found | undefined {
    const name = call.name.toString('utf8');
    const reached = reachedBy(call.pid, name);
    if (reached === undefined) return this.#byName(name, call.refused);
    const path = plain(reached.path);
    const service = serviceAt(path);
    const host = statOf(path);
    const { file } = reached;
    const socket = file?.isSocket() === true;
    if (service !== undefined) {
      const itself = socket && host?.dev === file.dev && host.ino === file.ino;
      if (itself) return { service, socket: path, action: call.refused ? 'reject' : 'allow', by: 'file' };
      // Covered: something else stands where the host has the socket.
      if (!socket && (host?.isSocket() === true || call.refused))
        return { service, socket: path, action: 'reject', by: host === undefined ? 'name' : 'file' };
    }
    const known = socket ? this.#places().get(`${file.dev}:${file.ino}`) : undefined;
    if (known === undefined) return undefined;
    return { service: serviceAt(known), socket: known, action: call.refused ? 'reject' : 'allow', by: 'file' };
  }

  /** Of a process that has ended: a path that begins somewhere else is one of which it has the end. */
  #byName(name: string, refused: boolean): Found | undefined {
    const end = `/${posix.normalize(name).replace(/^(\.\.\/)+/, '')}`;
    const path = name.startsWith('/') ? plain(name) : [...this.#places().values()].find((one) => one.endsWith(end));
    const service = path === undefined ? undefined : serviceAt(path);
    if (path === undefined || service === undefined) return undefined;
    if (!refused && statOf(path)?.isSocket() !== true) return undefined;
    return { service, socket: path, action: refused ? 'reject' : 'allow', by: 'name' };
  }

  #places(): ReadonlyMap<string, string> {
    const now = this.#plan.now();
    if (now < this.#knownUntil) return this.#known;
    this.#known = new Map(
      socketPaths.flatMap(socketsOf).flatMap((path) => {
        const file = statOf(path);
        return file === undefined ? [] : [[`${file.dev}:${file.ino}`, path] as const];
      }),
    );
    this.#knownUntil = now + rememberedMs;
    return this.#known;
  }

  /** What cannot be sent waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [run, { services: found, untold }] of this.#gathered) {
      if (this.#plan.send({ type: 'services', run, services: [...found.values()], untold })) this.#gathered.delete(run);
      else this.#timer ??= setTimeout(() => this.flush(), gatherMs * 20);
    }
  }
}

/** Its name is the socket. Of those that are nobody's in particular only the refused are told. */
function abstract({ name, refused }: UnixCall): Found | undefined {
  const socket = `@${name.toString('utf8', 1)}`;
  const service = serviceAt(socket);
  if (service === undefined && !refused) return undefined;
  return { service, socket, action: refused ? 'reject' : 'allow', by: 'name' };
}
