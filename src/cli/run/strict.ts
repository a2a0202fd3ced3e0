// A command that no service outside acts for: begun in a mount namespace in which the sockets of those services are covered, and in a user namespace, so
// that it can neither take the covers away nor reach into processes outside. Needs no daemon.
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { anyHome, placesOf, socketsAt } from '#kernel/confine/places.ts';
import { socketPaths } from '#policy/run/services.ts';
import { Ending, exits } from '../context.ts';

/**
 * Mounts that come from the mount namespace of another user namespace than one's own are locked: nobody in there can take them away, move
 * them, or look below them (mount_namespaces(7)). So the covers stand in one that the command's user namespace does not own. On a cover nothing
 * listens: connect(2) says ECONNREFUSED. 4: the command was not begun.
 */
const cover = `
while [ "$1" != -- ]; do
  case $1 in
    */) mount -n -t tmpfs -o ro,size=4k,mode=0555 tmpfs "$1" || exit 4 ;;
    *) mount -n --bind /dev/null "$1" || exit 4 ;;
  esac
  shift
done
shift
`;

/** Root of a user namespace covers, and in one below it is the user again, who has no right in the first. */
const asUser = `uid=$1 gid=$2; shift 2
${cover}
exec unshare --user --map-user="$uid" --map-group="$gid" -- "$@"
`;

/**
 * Root of the machine covers, and then has a user namespace with the same users and groups as here. Their map must be written from outside: by a
 * process that is no child of the command's.
 */
const asRoot = `${cover}
outside=$(readlink /proc/$$/ns/user)
same() { while read -r first _ count; do echo "$first $first $count"; done <"/proc/self/$1"; }
users=$(same uid_map) groups=$(same gid_map)
( (
  left=1000
  while [ "$(readlink /proc/$$/ns/user)" = "$outside" ] && [ $left -gt 0 ]; do left=$((left - 1)); sleep 0.01; done
  echo "$groups" >"/proc/$$/gid_map" && echo "$users" >"/proc/$$/uid_map"
) </dev/null >/dev/null 2>&1 & )
exec unshare --user -- sh -c '
  left=1000
  until read -r _ </proc/self/uid_map; do
    left=$((left - 1))
    [ $left -gt 0 ] || { echo "postern: the users of this machine cannot be those of a user namespace" >&2; exit 4; }
    sleep 0.01
  done
  exec "$@"' sh "$@"
`;

/** What is there now: folders that are a service's alone, and sockets. */
function covers(): readonly string[] {
  const places = socketPaths.flatMap((pattern) => placesOf(pattern, [...anyHome, homedir()]));
  const folders = places.filter((place) => place.endsWith('/'));
  const single = places
    .filter((place) => !place.endsWith('/') && !folders.some((folder) => place.startsWith(folder)))
    .flatMap((place) => socketsAt(place));
  return [...folders, ...single];
}

function reason(stderr: string, missing: boolean): string {
  if (missing) return 'the program unshare is not installed (apt install util-linux)';
  const text = stderr
    .trim()
    .split('\n')[0]
    ?.replace(/^(unshare|mount): /, '');
  return `the system forbids it (${text}); an administrator can allow user namespaces with: sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, or user.max_user_namespaces above 0`;
}

/** Whether this descriptor is a folder, by which the command would see below the covers. */
function isFolder(fd: number): boolean {
  try {
    return fstatSync(fd).isDirectory();
  } catch {
    return false;
  }
}

/** Those that whoever called us left open: the command is not to have them. */
function closeFolders(): void {
  const open = readdirSync('/proc/self/fd').map(Number);
  for (const fd of open.filter((one) => one > 2 && isFolder(one))) closeSync(fd);
}

/** The command line that begins it so, or why it cannot be begun, as a clause. Without `network` it has none either. */
export function withoutServices(
  command: readonly string[],
  { network }: { readonly network: boolean },
): { readonly command: readonly string[] } | { readonly problem: string } {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const covered = covers();
  // Whoever stands in a folder already sees what is below its cover.
  const inside = covered.find((place) => place.endsWith('/') && `${process.cwd()}/`.startsWith(place));
  if (inside !== undefined) return { problem: `it would be begun in ${inside}, which is to be covered` };
  if ([0, 1, 2].some(isFolder)) return { problem: 'its input or output is a folder' };
  closeFolders();
  const first = uid === 0 ? [] : ['--user', '--map-root-user'];
  const script = uid === 0 ? [asRoot, 'sh'] : [asUser, 'sh', String(uid), String(gid)];
  const line = ['--mount', ...first, ...(network ? [] : ['--net']), '--', 'sh', '-c', ...script, ...covered, '--'];
  // What cannot be covered must not be begun.
  const tried = spawnSync('unshare', [...line, 'true'], { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (tried.status === 0) return { command: ['unshare', ...line, ...command] };
  return { problem: reason(tried.stderr ?? '', tried.error !== undefined) };
}

export function notStrict(problem: string): Ending {
  return new Ending(
    exits.notPermitted,
    `the command was not run, because --strict cannot keep it from the sockets of services: ${problem}`,
  );
}
