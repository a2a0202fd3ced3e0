// Which programs stand at the cgroup's hooks: those that refuse, those that only write down, or none. A hook has one link,
// pinned, whose program is exchanged in one call, so that there is no moment without it.
import { closeSync, existsSync, openSync, unlinkSync } from 'node:fs';
import { fail, ok, type Result } from '#std/result.ts';
import { failure, type Libbpf } from '../libbpf.ts';
import type { Pins } from '../pins.ts';
import { unixHooks } from '../unix/parts.ts';

export type HookState = 'enforce' | 'observe' | 'off';

interface Hook {
  /** enum bpf_attach_type of include/uapi/linux/bpf.h. */
  readonly type: number;
  readonly enforce: string;
  readonly observe: string;
  /** This kernel need not take it: it stands where the supervisor pinned its program. */
  readonly optional?: true;
}

/** The order of attaching: who calls is written down before anything of it is judged. */
const hooks = {
  release: { type: 34, enforce: 'sock_release', observe: 'sock_release' },
  bind4: { type: 12, enforce: 'post_bind4', observe: 'post_bind4' },
  bind6: { type: 13, enforce: 'post_bind6', observe: 'post_bind6' },
  tcp: { type: 3, enforce: 'tcp_events', observe: 'tcp_events' },
  create: { type: 2, enforce: 'sock_create', observe: 'note_sock_create' },
  sendmsg4: { type: 14, enforce: 'sendmsg4', observe: 'note_sendmsg4' },
  sendmsg6: { type: 15, enforce: 'sendmsg6', observe: 'note_sendmsg6' },
  connect4: { type: 10, enforce: 'connect4', observe: 'note_connect4' },
  connect6: { type: 11, enforce: 'connect6', observe: 'note_connect6' },
  recvmsg4: { type: 19, enforce: 'recvmsg4', observe: 'recvmsg4' },
  recvmsg6: { type: 20, enforce: 'recvmsg6', observe: 'recvmsg6' },
  ingress: { type: 0, enforce: 'ingress', observe: 'ingress' },
  egress: { type: 1, enforce: 'egress', observe: 'note_egress' },
  connectUnix: { type: unixHooks.connect_unix, enforce: 'connect_unix', observe: 'connect_unix', optional: true },
  sendmsgUnix: { type: unixHooks.sendmsg_unix, enforce: 'sendmsg_unix', observe: 'sendmsg_unix', optional: true },
} as const satisfies Readonly<Record<string, Hook>>;

/** All programs that are pinned for the hooks, but for those of objects of their own. */
export const hookPrograms: readonly string[] = [
  ...new Set(
    Object.values<Hook>(hooks).flatMap(({ enforce, observe, optional }) => (optional ? [] : [enforce, observe])),
  ),
];

/** What our nft chains ask; pinned likewise. */
export const chainPrograms = {
  output: { allowed: 'allowed_output', rejected: 'rejected_output', dropped: 'dropped_output' },
  loopback: { allowed: 'allowed_loopback', rejected: 'rejected_loopback', dropped: 'dropped_loopback' },
  input: { allowed: 'allowed_input', rejected: 'rejected_input', dropped: 'dropped_input' },
  forward: { allowed: 'allowed_forward', rejected: 'rejected_forward', dropped: 'dropped_forward' },
} as const;
/** Whether a forwarded packet comes from a program of this machine. */
export const guestProgram = 'known_forward';

/** Whether a packet of a connection belongs to what it says first. */
export const listenProgram = 'listened_output';

/** Told of what nft's own rules let pass. */
export const passedPrograms = { output: 'passed_output', input: 'passed_input' } as const;

export const programPin = (name: string) => `program_${name}`;
const linkPin = (name: string) => `hook_${name}`;

export class Hooks {
  readonly #lib: Libbpf;
  readonly #pins: Pins;
  readonly #cgroup: string;

  /** `cgroup`: the folder of the cgroup v2 hierarchy whose sockets are judged. */
  constructor(lib: Libbpf, pins: Pins, cgroup: string) {
    this.#lib = lib;
    this.#pins = pins;
    this.#cgroup = cgroup;
  }

  /** The error is a sentence; then some hooks may have changed already, and `set` may be called again. */
  set(state: HookState): Result<void> {
    if (state === 'off') {
      for (const name of Object.keys(hooks)) this.#remove(linkPin(name));
      return ok(undefined);
    }
    const cgroup = openSync(this.#cgroup, 'r');
    try {
      for (const [name, hook] of Object.entries<Hook>(hooks)) {
        if (hook.optional && !this.#pins.has([programPin(hook[state])])) {
          // Of an earlier Postern.
          this.#remove(linkPin(name));
          continue;
        }
        const done = this.#stand(linkPin(name), hook.type, hook[state], cgroup);
        if (!done.ok) return fail(`the program ${hook[state]} cannot stand at ${this.#cgroup}: ${done.error}`);
      }
    } finally {
      closeSync(cgroup);
    }
    return ok(undefined);
  }

  #stand(pin: string, type: number, program: string, cgroup: number): Result<void> {
    const path = this.#pins.path(pin);
    const programFd = this.#lib.bpf_obj_get(this.#pins.path(programPin(program)));
    if (programFd < 0) return fail(failure(programFd));
    try {
      if (existsSync(path)) {
        const standing = this.#lib.bpf_obj_get(path);
        if (standing < 0) return fail(failure(standing));
        const updated = this.#lib.bpf_link_update(standing, programFd, null);
        closeSync(standing);
        if (updated === 0) return ok(undefined);
        // Of a cgroup that is gone meanwhile: a new link takes its place.
        this.#remove(pin);
      }
      const link = this.#lib.bpf_link_create(programFd, cgroup, type, null);
      if (link < 0) return fail(failure(link));
      const pinned = this.#lib.bpf_obj_pin(link, path);
      closeSync(link);
      return pinned === 0 ? ok(undefined) : fail(failure(pinned));
    } finally {
      closeSync(programFd);
    }
  }

  #remove(pin: string): void {
    const path = this.#pins.path(pin);
    if (existsSync(path)) unlinkSync(path);
  }
}
