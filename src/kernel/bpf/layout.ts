// The structures of bpf/shared.h, once in TypeScript: offsets and sizes in bytes. A test holds them against the object's BTF.

/** Of the names, layouts and meanings of everything pinned: another number is another folder, which a Postern does not take up. */
export const layoutVersion = 6;

export const layouts = {
  exe: { size: 40, ino: 0, ctime: 8, name: 16, dev: 24, generation: 28, mount: 32, nlink: 36 },
  process: { size: 72, exe: 0, exec: 40, start: 48, parent: 56, parent_tgid: 64, flags: 68 },
  owner: { size: 96, process: 0, cgroup: 72, tgid: 80, uid: 84, gid: 88, known: 92 },
  config: {
    size: 64,
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
  },
  event: { size: 16, type: 0, bytes: 4, time: 8 },
  event_exec: {
    size: 168,
    event: 0,
    owner: 16,
    mount_ns: 112,
    path_length: 116,
    file_length: 118,
    args_length: 120,
    cut: 122,
    script: 124,
    sha256: 128,
    hashed: 160,
    zero: 164,
  },
  event_fork: { size: 96, event: 0, process: 16, tgid: 88, zero: 92 },
  event_exit: { size: 32, event: 0, exec: 16, tgid: 24, zero: 28 },
  event_forged: { size: 32, event: 0, exec: 16, tgid: 24, forged: 28 },
  file_key: { size: 24, ino: 0, ctime: 8, dev: 16, generation: 20 },
  file_hash: { size: 56, first: 0, sha256: 8, result: 40, settled: 44, tgid: 48, zero: 52 },
  own_file: { size: 48, exe: 0, fd: 40, zero: 44 },
} as const;

/** PROCESS_* */
export const processFlags = { seeded: 1, foreign: 2, forked: 4, forgedExe: 8, forgedArgs: 16 } as const;
/** EVENT_* */
export const eventTypes = { exec: 1, fork: 2, exit: 3, forged: 8 } as const;
/** CUT_* */
export const cuts = { path: 1, file: 2, args: 4 } as const;
/** COUNT_*, and COUNTS. */
export const countSlots = {
  ...{ ringFull: 0, processesFull: 1, unknownProcess: 2, refused: 3, allowed: 4, asked: 5 },
  ...{ socketsFull: 6, ambiguous: 7, voided: 8, replies: 9, elsewhere: 10 },
  ...{ packetsUnknown: 11, forged: 12, unhashed: 13, dnsCut: 14, all: 16 },
} as const;
/** HASHED_BY_SHA256: of what hash the kernel's function says that it is. */
export const hashedBySha256 = 4;
/** max_entries of `events`, in bytes. */
export const eventsBytes = 8 * 1024 * 1024;
