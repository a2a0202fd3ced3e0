// The structures of bpf/shared.h, once in TypeScript: offsets and sizes in bytes. A test holds them against the object's BTF.

/** Of the names, layouts and meanings of everything pinned: another number is another folder, which a Postern does not take up. */
export const layoutVersion = 1;

export const exe = { size: 40, ino: 0, ctime: 8, name: 16, dev: 24, generation: 28, mount: 32, nlink: 36 } as const;

export const process = {
  size: 72,
  exe: 0,
  exec: 40,
  start: 48,
  parent: 56,
  parent_tgid: 64,
  flags: 68,
} as const;

export const processFlags = { seeded: 1, foreign: 2, forked: 4 } as const;

export const owner = {
  size: 96,
  process: 0,
  cgroup: 72,
  tgid: 80,
  uid: 84,
  gid: 88,
  known: 92,
} as const;

export const config = {
  size: 40,
  generation: 0,
  masks: 4,
  enforce: 8,
  report: 12,
  own_mount_ns: 16,
  netns_ready: 20,
  netns_cookie: 24,
  asleep: 32,
  zero: 36,
} as const;

export const event = { size: 16, type: 0, time: 8 } as const;
