// Services that start things for whoever asks over a Unix socket: what these start is no process of the command, so that nothing
// of it is confined. Where their sockets are, and what each of them can do.

export interface Service {
  readonly name: string;
  /** What it does for whoever may speak to it: a clause. */
  readonly does: string;
  /**
   * Paths; `*` stands for a part of a name, `~` for a home. One that ends with `/` is a folder that is the service's alone, with every socket below it. An
   * abstract name has `@` before it.
   */
  readonly sockets: readonly string[];
}

const units = 'starts and stops units';
const containers = 'starts containers, with any file and device of the machine in them';
const ownContainers = "starts the user's containers";

/** cron and at have no socket: their tables are files. */
export const services: readonly Service[] = [
  { name: 'systemd', does: units, sockets: ['/run/systemd/private', '/run/systemd/io.systemd.Manager'] },
  { name: 'systemd --user', does: `${units} of the user`, sockets: ['/run/user/*/systemd/'] },
  {
    name: 'systemd-machined',
    does: 'starts machines and shells in them',
    sockets: ['/run/systemd/machine/', '/run/systemd/io.systemd.Import'],
  },
  {
    name: 'D-Bus (system)',
    does: 'starts services, and has systemd, polkit and others act',
    sockets: ['/run/dbus/'],
  },
  {
    name: 'D-Bus (session)',
    does: "starts programs and units of the user, and has the desktop's services act",
    sockets: ['/run/user/*/bus', '/tmp/dbus-*', '@/tmp/dbus-*'],
  },
  { name: 'docker', does: containers, sockets: ['/run/docker.sock', '/run/docker/', '/run/cri-dockerd.sock'] },
  {
    name: 'docker (rootless)',
    does: ownContainers,
    sockets: ['/run/user/*/docker.sock', '~/.docker/run/', '~/.docker/desktop/'],
  },
  {
    name: 'containerd',
    does: containers,
    // The abstract ones are of shims before 1.4.3, CVE-2020-15257.
    sockets: ['/run/containerd/', '/run/k3s/containerd/', '/run/user/*/containerd/', '@/containerd-shim/*'],
  },
  { name: 'podman', does: containers, sockets: ['/run/podman/'] },
  { name: 'podman (rootless)', does: ownContainers, sockets: ['/run/user/*/podman/'] },
  { name: 'CRI-O', does: containers, sockets: ['/run/crio/'] },
  { name: 'buildkit', does: 'runs builds in containers', sockets: ['/run/buildkit/', '/run/user/*/buildkit/'] },
  {
    name: 'libvirt',
    does: 'starts virtual machines',
    sockets: ['/run/libvirt/', '/run/user/*/libvirt/'],
  },
  {
    name: 'snapd',
    does: 'installs snaps, and starts and stops their services',
    sockets: ['/run/snapd.socket', '/run/snapd-snap.socket'],
  },
  {
    name: 'lxd',
    does: containers,
    sockets: [
      '/var/lib/lxd/unix.socket',
      '/var/snap/lxd/common/lxd/unix.socket',
      '/var/snap/lxd/common/lxd-user/unix.socket',
    ],
  },
  {
    name: 'incus',
    does: containers,
    sockets: ['/run/incus/', '/var/lib/incus/unix.socket', '/var/lib/incus/unix.socket.user'],
  },
  {
    name: 'nix',
    does: 'runs builds, some of them with the network',
    sockets: ['/nix/var/nix/daemon-socket/', '/var/guix/daemon-socket/'],
  },
  {
    name: 'supervisord',
    does: 'starts and stops its programs',
    sockets: ['/run/supervisor.sock', '/run/supervisor/', '/tmp/supervisor.sock'],
  },
  { name: 'pm2', does: 'starts programs of the user', sockets: ['~/.pm2/rpc.sock'] },
  { name: 'tmux', does: 'starts programs in its terminals', sockets: ['/tmp/tmux-*/'] },
  { name: 'screen', does: 'starts programs in its terminals', sockets: ['/run/screen/'] },
  { name: 'emacs', does: 'does whatever it is told to', sockets: ['/run/user/*/emacs/'] },
];

/** The places of all of them that are paths. */
export const socketPaths: readonly string[] = services.flatMap(({ sockets }) =>
  sockets.filter((socket) => !socket.startsWith('@')),
);

/** Where homes are, for those who know of no user in particular. */
const home = '(?:/root|/home/[^/]+)';

/** The whole path, or with a folder what is below it. */
function patternOf(socket: string): RegExp {
  const text = socket
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', socket.startsWith('@') ? '.*' : '[^/]*')
    .replace(/^~/, home);
  return new RegExp(`^${text}${socket.endsWith('/') ? '.+' : ''}$`, 's');
}

const patterns = services.flatMap((service) =>
  service.sockets.map((socket) => ({ service, pattern: patternOf(socket) })),
);

/** Whose socket has this path, whole and without links in it, or this abstract name with `@` before it. */
export function serviceAt(path: string): Service | undefined {
  return patterns.find(({ pattern }) => pattern.test(path))?.service;
}
