// Which program stands where sockets for frames below IP are made: the one that refuses, the one that only tells, or none.
import { closeSync, existsSync, renameSync, rmSync } from 'node:fs';
import { fail, ok, type Result } from '#std/result.ts';
import { type HookState, programPin } from '../flows/hooks.ts';
import { failure, type Libbpf } from '../libbpf.ts';
import type { Pins } from '../pins.ts';
import { lsmPrograms } from './parts.ts';

const BPF_LSM_MAC = 27; // enum bpf_attach_type of include/uapi/linux/bpf.h
export const framesPin = 'hook_frames';

export class Frames {
  readonly #lib: Libbpf;
  readonly #pins: Pins;
  /** What stands, where this object put it there. */
  #state: HookState | undefined;

  constructor(lib: Libbpf, pins: Pins) {
    this.#lib = lib;
    this.#pins = pins;
  }

  /** Whether a program that judges stands there. */
  get judges(): boolean {
    return this.#state === 'enforce';
  }

  /** Whether this kernel takes the programs: the supervisor pinned them then. */
  #exists(): boolean {
    return this.#pins.has([programPin(lsmPrograms.frames.enforce), programPin(lsmPrograms.frames.observe)]);
  }

  /** Such links cannot exchange their program: the new one stands before the old one goes. The error is a clause. */
  set(state: HookState): Result<void> {
    if (state === this.#state || !this.#exists()) return ok(undefined);
    const pin = this.#pins.path(framesPin);
    if (state === 'off') rmSync(pin, { force: true });
    else {
      const stands = this.#stand(lsmPrograms.frames[state], pin);
      if (!stands.ok) return stands;
    }
    this.#state = state;
    return ok(undefined);
  }

  #stand(program: string, pin: string): Result<void> {
    const programFd = this.#lib.bpf_obj_get(this.#pins.path(programPin(program)));
    if (programFd < 0) return fail(failure(programFd));
    try {
      const link = this.#lib.bpf_link_create(programFd, 0, BPF_LSM_MAC, null);
      if (link < 0) return fail(failure(link));
      const beside = existsSync(pin) ? `${pin}_new` : pin;
      if (beside !== pin) rmSync(beside, { force: true });
      const pinned = this.#lib.bpf_obj_pin(link, beside);
      closeSync(link);
      if (pinned !== 0) return fail(failure(pinned));
      if (beside !== pin) renameSync(beside, pin);
      return ok(undefined);
    } finally {
      closeSync(programFd);
    }
  }
}
