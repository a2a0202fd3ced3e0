// What the path of a control group says about its processes: systemd unit, container, Flatpak, Snap.

export interface CgroupFacts {
  /** A unit of the system's manager by its name; one of a user's own manager as `user:NAME`, since users name those freely. */
  readonly unit: string | null;
  readonly userUnit: boolean;
  /** Id or name of the container; one below a user's own manager as `user:NAME`, since that user may name a group like it. */
  readonly container: string | null;
  /** Flatpak and Snap start their apps below the user's manager: a program of the same user can make a group with that name. */
  readonly flatpak: string | null;
  readonly snap: string | null;
}

const unitName = /\.(service|scope|socket|mount|swap|timer)$/;
const userManager = /^user@\d+\.service$/;

/** Names of a container's own group, by who makes them; the first group is the container. */
const containerNames: readonly RegExp[] = [
  /^(?:docker|cri-containerd|crio|nerdctl)-([0-9a-f]{12,64})\.scope$/,
  /^libpod-([0-9a-f]{12,64})\.scope$/,
  /^lxc\.payload\.(.+)$/,
  /^machine-(.+)\.scope$/,
  /^systemd-nspawn@(.+)\.service$/,
];

/** Folders whose next part is a container's id. */
const containerFolders = /^(docker|lxc|libpod_parent|buildkit|containerd)$/;
const hexId = /^(?:cri-containerd:|crio-)?([0-9a-f]{64})$/;

/** systemd writes bytes that a name may not have as `\x2d`. */
function unescapeUnit(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

interface Place {
  readonly name: string;
  /** Position of the container's own group in the path. */
  readonly at: number;
}

function containerOf(parts: readonly string[]): Place | undefined {
  for (const [at, part] of parts.entries()) {
    for (const pattern of containerNames) {
      const name = pattern.exec(part)?.[1];
      if (name !== undefined) return { name: unescapeUnit(name), at };
    }
    const id = hexId.exec(part)?.[1];
    if (id !== undefined) return { name: id, at };
    const next = parts[at + 1];
    if (containerFolders.test(part) && next !== undefined) return { name: next, at: at + 1 };
  }
  return undefined;
}

/** `path` is a process's path in the unified hierarchy, as `0::` in /proc/PID/cgroup has it. */
export function readCgroup(path: string): CgroupFacts {
  const parts = path.split('/').filter((part) => part !== '');
  const manager = parts.findIndex((part) => userManager.test(part));
  const container = containerOf(parts);
  // Below its own group a container makes what groups it likes: they are no units of the host.
  const host = parts.slice(0, container === undefined ? undefined : container.at + 1);
  const ofUser = manager >= 0 && (container === undefined || manager < container.at);
  const own = ofUser ? host.slice(manager + 1).find((part) => unitName.test(part)) : undefined;
  const prefix = (name: string) => (ofUser ? `user:${name}` : name);
  return {
    unit: own === undefined ? (host.find((part) => unitName.test(part)) ?? null) : prefix(own),
    userUnit: own !== undefined,
    container: container === undefined ? null : prefix(container.name),
    flatpak: firstMatch(host, /^app-flatpak-(.+)-\d+\.scope$/),
    snap: firstMatch(host, /^snap\.([a-z0-9-]+)(?:_[a-z0-9]+)?\..+\.(?:scope|service)$/),
  };
}

function firstMatch(parts: readonly string[], pattern: RegExp): string | null {
  for (const part of parts) {
    const found = pattern.exec(unescapeUnit(part))?.[1];
    if (found !== undefined) return found;
  }
  return null;
}
