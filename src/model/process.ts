// Process: a pid and its start time, and everything the rules may ask about it.

/** The file a process runs, as the kernel tells files apart; all decimal text, because they exceed 2^53. */
export interface FileIdentity {
  readonly device: string;
  readonly inode: string;
  /** 0 on file systems without generations (overlay, squashfs). */
  readonly generation: string;
  /** Change time in nanoseconds since 1970. */
  readonly ctime: string;
}

/**
 * How the running program relates to the files of the host:
 * `host` the host has exactly this file at `path` (now, or when the process began);
 * `deleted` the file has no name any more; `memfd` it never had one;
 * `foreign` another mount namespace, or another file stands at that path on the host.
 */
export const imageStates = ['host', 'deleted', 'memfd', 'foreign'] as const;
export type ImageState = (typeof imageStates)[number];

export interface Image {
  /** What the kernel says the path is; only to be shown, never to be matched (see Process.exe). */
  readonly path: string;
  readonly identity: FileIdentity;
  readonly state: ImageState;
}

/** What a process had /proc say of it by prctl(PR_SET_MM): another program, or only other arguments. */
export const forgeries = ['exe', 'args'] as const;
export type Forgery = (typeof forgeries)[number];

/** undefined: not known. null: known that there is none. A rule that asks for what is not known does not match. */
export interface Process {
  /** True for traffic that the kernel itself makes (RST, ICMP errors, neighbour discovery): no other field is set. */
  readonly kernel?: boolean | undefined;
  readonly pid?: number | undefined;
  /** Clock ticks since boot, field 22 of /proc/PID/stat: with the pid, the identity of a process. */
  readonly startTime?: string | undefined;
  /** The program's path, only when the host has this very file there (image.state is `host`); what path rules match. */
  readonly exe?: string | null | undefined;
  readonly image?: Image | undefined;
  /** It ran before Postern watched: what it is was only seen later, and may be disguised. Absent where its exec was seen. */
  readonly seeded?: boolean | undefined;
  /** It changed what /proc says of it; nothing here is taken from there. Absent where no program of the kernel watches for it. */
  readonly forged?: Forgery | undefined;
  /** Lower-case hex of 64 digits; undefined until it is computed. */
  readonly sha256?: string | undefined;
  /** Absolute path of the script that the interpreter runs; null when the program is no interpreter running one. */
  readonly script?: string | null | undefined;
  readonly args?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  /** Effective ids at the call. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Supplementary groups. */
  readonly groups?: readonly number[] | undefined;
  /** Path in the unified hierarchy, beginning with a slash. */
  readonly cgroup?: string | undefined;
  /** systemd unit, system or user (`nginx.service`, `app-firefox.scope`). */
  readonly unit?: string | null | undefined;
  /** Whether `unit` belongs to a user's service manager. */
  readonly userUnit?: boolean | undefined;
  /** Name of the package that owns the executable. */
  readonly package?: string | null | undefined;
  readonly packageVersion?: string | undefined;
  /** Container id (hex) or name as its cgroup tells. */
  readonly container?: string | null | undefined;
  /** Application id (`org.mozilla.firefox`). */
  readonly flatpak?: string | null | undefined;
  /** Snap name. */
  readonly snap?: string | null | undefined;
  /** Path of the .AppImage file. */
  readonly appimage?: string | null | undefined;
  /** Executables of the ancestors, nearest first; unknown ones are empty strings. */
  readonly ancestors?: readonly string[] | undefined;
  /** Security label (SELinux, AppArmor, Smack); null when there is no such module. */
  readonly label?: string | null | undefined;
}

/** What a program is called by: its script, else its executable, else the file that it runs though the host has another there. */
export function pathOfProgram(
  process: Pick<Process, 'script' | 'exe'> & { readonly image?: { readonly path: string } | undefined },
): string | undefined {
  return process.script ?? process.exe ?? process.image?.path;
}

/** Where a fact came from. */
export const evidences = ['bpf', 'sock_diag', 'proc', 'dns', 'resolved', 'sni', 'quic'] as const;
export type Evidence = (typeof evidences)[number];
