// What the path of a control group says about its processes: systemd unit, container, Flatpak, Snap.

export interface CgroupFacts {
  /** A unit of the system's manager by its name; one of a user's own manager as `user:NAME`, since users name those freely. */
  readonly unit: string | null;
  readonly userUnit: boolean;
  readonly container: string | null;
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

function containerOf(parts: readonly string[]): string | null {
  for (const [index, part] of parts.entries()) {
    for (const name of containerNames) {
      const found = name.exec(part)?.[1];
      if (found !== undefined) return unescapeUnit(found);
    }
    const id = hexId.exec(part)?.[1];
    if (id !== undefined) return id;
    const next = parts[index + 1];
    if (containerFolders.test(part) && next !== undefined && next !== '') return next;
  }
  return null;
}

function unitOf(parts: readonly string[]): Pick<CgroupFacts, 'unit' | 'userUnit'> {
  const manager = parts.findIndex((part) => userManager.test(part));
  const inner = parts.slice(manager + 1).find((part) => unitName.test(part));
  if (manager >= 0 && inner !== undefined) return { unit: `user:${inner}`, userUnit: true };
  return { unit: parts.find((part) => unitName.test(part)) ?? null, userUnit: false };
}

/** `path` is a process's path in the unified hierarchy, as `0::` in /proc/PID/cgroup has it. */
export function readCgroup(path: string): CgroupFacts {
  const parts = path.split('/').filter((part) => part !== '');
  let flatpak: string | null = null;
  let snap: string | null = null;
  for (const part of parts) {
    flatpak ??= /^app-flatpak-(.+)-\d+\.scope$/.exec(unescapeUnit(part))?.[1] ?? null;
    snap ??= /^snap\.([a-z0-9-]+)(?:_[a-z0-9]+)?\..+\.(?:scope|service)$/.exec(unescapeUnit(part))?.[1] ?? null;
  }
  return { ...unitOf(parts), container: containerOf(parts), flatpak, snap };
}
