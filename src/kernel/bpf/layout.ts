// The structures of bpf/shared.h, once in TypeScript: offsets and sizes in bytes. A test holds them against the object's BTF.

/** Of the names, layouts and meanings of everything pinned: another number is another folder, which a Postern does not take up. */
export const layoutVersion = 9;

export const layouts = {
  exe: { size: 40, ino: 0, ctime: 8, name: 16, dev: 24, generation: 28, mount: 32, nlink: 36 },
  process: { size: 80, exe: 0, exec: 40, start: 48, parent: 56, confined: 64, parent_tgid: 72, flags: 76 },
  owner: { size: 104, process: 0, cgroup: 80, tgid: 88, uid: 92, gid: 96, known: 100 },
  config: {
    size: 72,
    generation: 0,
    masks: 4,
    enforce: 8,
    report: 12,
    own_mount_ns: 16,
    netns_inode: 20,
    netns_cookie: 24,
    asleep: 32,
    forward: 36,
    packets: 40,
    hash: 44,
    probe: 48,
    answers_seen: 52,
    answers_read: 56,
    listens: 60,
    confines: 64,
    zero: 68,
  },
  event: { size: 16, type: 0, bytes: 4, time: 8 },
  event_exec: {
    size: 176,
    event: 0,
    owner: 16,
    mount_ns: 120,
    path_length: 124,
    file_length: 126,
    args_length: 128,
    cut: 130,
    script: 132,
    sha256: 136,
    hashed: 168,
    zero: 172,
  },
  event_fork: { size: 104, event: 0, process: 16, tgid: 96, zero: 100 },
  event_exit: { size: 32, event: 0, exec: 16, tgid: 24, zero: 28 },
  event_forged: { size: 32, event: 0, exec: 16, tgid: 24, forged: 28 },
  event_unix: {
    size: 152,
    event: 0,
    confined: 16,
    tgid: 24,
    length: 28,
    refused: 30,
    untold: 32,
    zero: 36,
    name: 40,
  },
  told: { size: 16, since: 0, told: 8, untold: 12 },
  file_key: { size: 24, ino: 0, ctime: 8, dev: 16, generation: 20 },
  file_hash: { size: 56, first: 0, sha256: 8, result: 40, settled: 44, tgid: 48, zero: 52 },
  own_file: { size: 48, exe: 0, fd: 40, zero: 44 },
} as const;

/** PROCESS_* */
export const processFlags = { seeded: 1, foreign: 2, forked: 4, forgedExe: 8, forgedArgs: 16 } as const;
/** EVENT_* */
export const eventTypes = { exec: 1, fork: 2, exit: 3, forged: 8, unix: 10 } as const;
/** CUT_* */
export const cuts = { path: 1, file: 2, args: 4 } as const;
/** COUNT_*, and COUNTS. */
export const countSlots = {
  ...{ ringFull: 0, processesFull: 1, unknownProcess: 2, refused: 3, allowed: 4, asked: 5 },
  ...{ socketsFull: 6, ambiguous: 7, voided: 8, replies: 9, elsewhere: 10 },
  ...{ packetsUnknown: 11, forged: 12, unhashed: 13, dnsCut: 14, unixUntold: 15, all: 16 },
} as const;
/** HASHED_BY_SHA256: of what hash the kernel's function says that it is. */
export const hashedBySha256 = 4;
/** max_entries of `events`, in bytes. */
export const eventsBytes = 8 * 1024 * 1024;
