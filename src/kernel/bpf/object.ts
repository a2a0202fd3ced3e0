// One compiled object of bpf/: opened, loaded, attached and pinned by libbpf. Loading is the trial of what a kernel can do.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { fail, ok, type Result } from '#std/result.ts';
import { explainLog } from './explain.ts';
import { failure, type Libbpf, type Pointer, takeLog } from './libbpf.ts';
import { BpfMap } from './map.ts';

/** An attached program; it stays attached while somebody holds it, or its pin stands. */
export interface Link {
  readonly fd: number;
  close(): void;
}

export class BpfObject {
  readonly #lib: Libbpf;
  readonly #object: Pointer;
  readonly #links: Link[] = [];

  private constructor(lib: Libbpf, object: Pointer) {
    this.#lib = lib;
    this.#object = object;
  }

  static open(lib: Libbpf, path: string): Result<BpfObject> {
    if (!existsSync(path))
      return fail(`${path} is missing: script/setup builds it where clang and libbpf-dev are installed`);
    takeLog();
    const object = lib.bpf_object__open_file(path, null);
    return object === 0
      ? fail(`${path} cannot be opened: ${explainLog(takeLog(), failure(-1))}`)
      : ok(new BpfObject(lib, object));
  }

  #program(name: string): Pointer {
    const program = this.#lib.bpf_object__find_program_by_name(this.#object, name);
    if (program === 0) throw new Error(`the object has no program ${name}`);
    return program;
  }

  #map(name: string): Pointer {
    const map = this.#lib.bpf_object__find_map_by_name(this.#object, name);
    if (map === 0) throw new Error(`the object has no map ${name}`);
    return map;
  }

  /** Before `load`: a program that this kernel need not have. */
  skip(program: string): void {
    this.#lib.bpf_program__set_autoload(this.#program(program), false);
  }

  /** Before `load`: of a program whose section libbpf need not know. Both numbers are of include/uapi/linux/bpf.h. */
  setType(program: string, type: number, attachType: number): void {
    this.#lib.bpf_program__set_type(this.#program(program), type);
    this.#lib.bpf_program__set_expected_attach_type(this.#program(program), attachType);
  }

  /** Before `load`. */
  setMaxEntries(map: string, count: number): void {
    this.#lib.bpf_map__set_max_entries(this.#map(map), count);
  }

  /** Before `load`: the map that is pinned there is used, or this one is pinned there. */
  pinMap(map: string, path: string): void {
    this.#lib.bpf_map__set_pin_path(this.#map(map), path);
  }

  /** The error says in words what the kernel did not take. */
  load(): Result<void> {
    takeLog();
    const result = this.#lib.bpf_object__load(this.#object);
    const lines = takeLog();
    return result === 0 ? ok(undefined) : fail(explainLog(lines, failure(result)));
  }

  /** After `load`; its descriptor is the object's. */
  map(name: string, keySize: number, valueSize: number): BpfMap {
    return new BpfMap(this.#lib, this.#lib.bpf_map__fd(this.#map(name)), name, keySize, valueSize);
  }

  /** Where another program is pinned already, this one takes its place. */
  pinProgram(name: string, path: string): Result<void> {
    const beside = existsSync(path) ? `${path}_new` : path;
    if (beside !== path) rmSync(beside, { force: true });
    const result = this.#lib.bpf_obj_pin(this.programFd(name), beside);
    if (result !== 0) return fail(`${name} cannot be pinned at ${path}: ${failure(result)}`);
    if (beside !== path) renameSync(beside, path);
    return ok(undefined);
  }

  programFd(name: string): number {
    return this.#lib.bpf_program__fd(this.#program(name));
  }

  /** Attaches to what the program's section names; `pin` is a path of a bpffs, where a new link takes an old one's place. */
  attach(program: string, pin?: string): Result<Link> {
    return this.#keep(program, (found) => this.#lib.bpf_program__attach(found), pin);
  }

  attachCgroup(program: string, cgroupFd: number, pin?: string): Result<Link> {
    return this.#keep(program, (found) => this.#lib.bpf_program__attach_cgroup(found, cgroupFd), pin);
  }

  /** An iterator runs each time that its pin is read, or a descriptor of `openIterator`. */
  attachIterator(program: string, pin?: string): Result<Link> {
    return this.#keep(program, (found) => this.#lib.bpf_program__attach_iter(found, null), pin);
  }

  openIterator(link: Link): Result<number> {
    const fd = this.#lib.bpf_iter_create(link.fd);
    return fd < 0 ? fail(failure(fd)) : ok(fd);
  }

  #keep(program: string, attach: (program: Pointer) => Pointer, pin: string | undefined): Result<Link> {
    takeLog();
    const pointer = attach(this.#program(program));
    if (pointer === 0) return fail(`${program} cannot be attached: ${explainLog(takeLog(), failure(-1))}`);
    const link = { fd: this.#lib.bpf_link__fd(pointer), close: once(() => this.#lib.bpf_link__destroy(pointer)) };
    this.#links.push(link);
    if (pin === undefined) return ok(link);
    // The old link goes when nothing names it any more, so that there is no moment without one.
    // bpffs takes no dots. A crash may have left one.
    const beside = existsSync(pin) ? `${pin}_new` : pin;
    if (beside !== pin) rmSync(beside, { force: true });
    const result = this.#lib.bpf_link__pin(pointer, beside);
    if (result !== 0) return fail(`${program} cannot be pinned at ${pin}: ${failure(result)}`);
    if (beside !== pin) renameSync(beside, pin);
    return ok(link);
  }

  /** What is pinned stays in the kernel, everything else goes. */
  close(): void {
    for (const link of this.#links) link.close();
    this.#lib.bpf_object__close(this.#object);
  }
}

function once(run: () => unknown): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
