// The structures of bpf/shared.h that speak of flows: offsets and sizes in bytes. A test holds them against the object's BTF.

export const flowLayouts = {
  flow: {
    size: 40,
    local: 0,
    remote: 16,
    local_port: 32,
    remote_port: 34,
    protocol: 36,
    family: 37,
    direction: 38,
    zero: 39,
  },
  entry_key: {
    size: 88,
    exe_ino: 0,
    exe_ctime: 8,
    exe_name: 16,
    exec: 24,
    cgroup: 32,
    remote: 40,
    exe_dev: 56,
    exe_generation: 60,
    exe_mount: 64,
    tgid: 68,
    uid: 72,
    gid: 76,
    generation: 80,
    port: 84,
    protocol: 86,
    shape: 87,
  },
  entry: { size: 32, expires: 0, hits: 8, rule: 16, verdict: 20, by_mode: 21, error: 22, by_names: 24, zero: 28 },
  mask: { size: 24, remote_high: 0, remote_low: 8, fields: 16, zero: 20 },
  beginning: { size: 8, sequence: 0, known: 4 },
  asked: { size: 128, owner: 0, cookie: 104, time: 112, ambiguous: 120, zero: 124 },
  socket: {
    size: 168,
    owner: 0,
    remote: 104,
    expires: 120,
    generation: 128,
    rule: 132,
    remote_port: 136,
    verdict: 138,
    family: 139,
    bound: 140,
    talked: 144,
    talked_port: 152,
    error: 156,
    by_names: 160,
    zero: 164,
  },
  port: { size: 120, owner: 0, cookie: 104, sockets: 112, ambiguous: 116 },
  asked_server: { size: 24, address: 0, port: 16, zero: 18, zeros: 20 },
  confinement: { size: 8, names_port: 0, strict: 2, zeros: 4 },
  traffic: {
    size: 96,
    bytes_out: 0,
    bytes_in: 8,
    packets_out: 16,
    packets_in: 24,
    exec: 32,
    flow: 40,
    tgid: 80,
    generation: 84,
    state: 88,
    told: 92,
  },
  talk: {
    size: 48,
    out_last: 0,
    in_last: 8,
    out_cookie: 16,
    in_exec: 24,
    out_generation: 32,
    in_generation: 36,
    out_names: 40,
    zero: 44,
  },
  event_flow: {
    size: 184,
    event: 0,
    owner: 16,
    flow: 120,
    cookie: 160,
    rule: 168,
    generation: 172,
    verdict: 176,
    exec: 180,
  },
  event_dns: {
    size: 88,
    event: 0,
    flow: 16,
    cookie: 56,
    exec: 64,
    tgid: 72,
    sequence: 76,
    length: 80,
    flags: 84,
    cut: 86,
  },
  event_end: {
    size: 96,
    event: 0,
    flow: 16,
    cookie: 56,
    bytes_out: 64,
    bytes_in: 72,
    packets_out: 80,
    packets_in: 88,
  },
} as const;

/** MAX_MASKS, and max_entries of hits[]: how many rules can be told apart. */
export const maxMasks = 32;
export const maxRuleNumbers = 65536;
/** MASK_* */
export const maskFields = {
  ...{ exe: 1, process: 2, uid: 4, gid: 8, cgroup: 16, protocol: 32, port: 64 },
  ...{ onLoopback: 128, offLoopback: 256, local: 512 },
} as const;
/** VERDICT_* */
export const verdictCodes = { unknown: 0, allow: 1, reject: 2, drop: 3 } as const;
/** FLOW_* */
export const directionCodes = { out: 0, in: 1, forward: 2, packet: 3 } as const;
/** EVENT_* */
export const flowEvents = { flow: 4, void: 5, end: 6, unknown: 7, dns: 9 } as const;
/** DNS_SYN, DNS_ENDS, DNS_GUEST */
export const dnsFlags = { begins: 1, ends: 2, guest: 4 } as const;
