// libbpf.so.1 through koffi: what of it Postern calls, as plain functions over numbers and bytes. Beside ffi.ts the only
// file that calls C, because this library may be absent, which is an ordinary case and no error.
import koffi, { type LibraryHandle } from 'koffi';
import { codeOf, lastErrno } from '../ffi.ts';

/** Pointers into the library are numbers; 0 is NULL. */
export type Pointer = number;

const signatures = {
  bpf_object__open_file: 'intptr_t bpf_object__open_file(const char *path, const void *options)',
  bpf_object__load: 'int bpf_object__load(intptr_t object)',
  bpf_object__close: 'void bpf_object__close(intptr_t object)',
  bpf_object__find_map_by_name: 'intptr_t bpf_object__find_map_by_name(intptr_t object, const char *name)',
  bpf_object__find_program_by_name: 'intptr_t bpf_object__find_program_by_name(intptr_t object, const char *name)',
  bpf_map__fd: 'int bpf_map__fd(intptr_t map)',
  bpf_map__set_pin_path: 'int bpf_map__set_pin_path(intptr_t map, const char *path)',
  bpf_map__set_max_entries: 'int bpf_map__set_max_entries(intptr_t map, uint32_t count)',
  bpf_program__fd: 'int bpf_program__fd(intptr_t program)',
  bpf_program__set_autoload: 'int bpf_program__set_autoload(intptr_t program, bool load)',
  bpf_program__set_type: 'int bpf_program__set_type(intptr_t program, int type)',
  bpf_program__set_expected_attach_type: 'int bpf_program__set_expected_attach_type(intptr_t program, int type)',
  bpf_program__attach: 'intptr_t bpf_program__attach(intptr_t program)',
  bpf_program__attach_cgroup: 'intptr_t bpf_program__attach_cgroup(intptr_t program, int cgroup)',
  bpf_program__attach_iter: 'intptr_t bpf_program__attach_iter(intptr_t program, const void *options)',
  bpf_link__fd: 'int bpf_link__fd(intptr_t link)',
  bpf_link__pin: 'int bpf_link__pin(intptr_t link, const char *path)',
  bpf_link__destroy: 'int bpf_link__destroy(intptr_t link)',
  bpf_iter_create: 'int bpf_iter_create(int link)',
  bpf_obj_get: 'int bpf_obj_get(const char *path)',
  bpf_obj_pin: 'int bpf_obj_pin(int fd, const char *path)',
  bpf_link_create: 'int bpf_link_create(int program, int target, int type, const void *options)',
  bpf_link_update: 'int bpf_link_update(int link, int program, const void *options)',
  bpf_map_lookup_elem: 'int bpf_map_lookup_elem(int fd, const uint8_t *key, uint8_t *value)',
  bpf_map_update_elem: 'int bpf_map_update_elem(int fd, const uint8_t *key, const uint8_t *value, uint64_t flags)',
  bpf_map_delete_elem: 'int bpf_map_delete_elem(int fd, const uint8_t *key)',
  bpf_map_get_next_key: 'int bpf_map_get_next_key(int fd, const uint8_t *key, uint8_t *next)',
  bpf_map_lookup_batch:
    'int bpf_map_lookup_batch(int fd, const uint8_t *in_batch, uint8_t *out_batch, uint8_t *keys, uint8_t *values, _Inout_ uint32_t *count, const void *options)',
  bpf_map_update_batch:
    'int bpf_map_update_batch(int fd, const uint8_t *keys, const uint8_t *values, _Inout_ uint32_t *count, const void *options)',
  bpf_map_delete_batch:
    'int bpf_map_delete_batch(int fd, const uint8_t *keys, _Inout_ uint32_t *count, const void *options)',
} as const;

type Bytes = Uint8Array;

/** Each returns what C returns; a failure is −1 or 0 (NULL) with `lastErrno()`, or, for those with an int, the negative number. */
export interface Libbpf {
  bpf_object__open_file(path: string, options: null): Pointer;
  bpf_object__load(object: Pointer): number;
  bpf_object__close(object: Pointer): void;
  bpf_object__find_map_by_name(object: Pointer, name: string): Pointer;
  bpf_object__find_program_by_name(object: Pointer, name: string): Pointer;
  bpf_map__fd(map: Pointer): number;
  bpf_map__set_pin_path(map: Pointer, path: string): number;
  bpf_map__set_max_entries(map: Pointer, count: number): number;
  bpf_program__fd(program: Pointer): number;
  bpf_program__set_autoload(program: Pointer, load: boolean): number;
  bpf_program__set_type(program: Pointer, type: number): number;
  bpf_program__set_expected_attach_type(program: Pointer, type: number): number;
  bpf_program__attach(program: Pointer): Pointer;
  bpf_program__attach_cgroup(program: Pointer, cgroup: number): Pointer;
  bpf_program__attach_iter(program: Pointer, options: Bytes | null): Pointer;
  bpf_link__fd(link: Pointer): number;
  bpf_link__pin(link: Pointer, path: string): number;
  bpf_link__destroy(link: Pointer): number;
  bpf_iter_create(link: number): number;
  bpf_obj_get(path: string): number;
  bpf_obj_pin(fd: number, path: string): number;
  bpf_link_create(program: number, target: number, type: number, options: null): number;
  bpf_link_update(link: number, program: number, options: null): number;
  bpf_map_lookup_elem(fd: number, key: Bytes, value: Bytes): number;
  bpf_map_update_elem(fd: number, key: Bytes, value: Bytes, flags: number): number;
  bpf_map_delete_elem(fd: number, key: Bytes): number;
  bpf_map_get_next_key(fd: number, key: Bytes | null, next: Bytes): number;
  bpf_map_lookup_batch(
    fd: number,
    inBatch: Bytes | null,
    outBatch: Bytes,
    keys: Bytes,
    values: Bytes,
    count: [number],
    options: null,
  ): number;
  bpf_map_update_batch(fd: number, keys: Bytes, values: Bytes, count: [number], options: null): number;
  bpf_map_delete_batch(fd: number, keys: Bytes, count: [number], options: null): number;
}

/** Lines that libbpf wrote since they were last taken: the verifier's words are among them. */
const log: string[] = [];
const maxLogLines = 4000;
const LIBBPF_DEBUG = 2; // bpf/libbpf.h

function captureLog(lib: LibraryHandle): void {
  const vsnprintf = koffi.load(null).func('int vsnprintf(uint8_t *text, size_t size, intptr_t format, intptr_t args)');
  const text = Buffer.alloc(64 * 1024);
  // A va_list is handed on as a pointer on x86-64 and on arm64.
  const print = koffi.proto('int postern_libbpf_print(int level, intptr_t format, intptr_t args)');
  const callback = koffi.register((level: number, format: number, args: number) => {
    if (level >= LIBBPF_DEBUG) return 0;
    const length = Math.min(vsnprintf(text, text.length, format, args), text.length - 1);
    log.push(...text.toString('utf8', 0, Math.max(length, 0)).split('\n'));
    if (log.length > maxLogLines) log.splice(0, log.length - maxLogLines);
    return 0;
  }, koffi.pointer(print));
  lib.func('void *libbpf_set_print(postern_libbpf_print *print)')(callback);
}

/** What libbpf wrote since the last call. */
export function takeLog(): string[] {
  return log.splice(0).filter((line) => line.trim() !== '');
}

let loaded: Libbpf | { readonly missing: string } | undefined;

/** The library, loaded at the first call; otherwise why it cannot be. */
export function libbpf(): Libbpf | { readonly missing: string } {
  loaded ??= load();
  return loaded;
}

function load(): Libbpf | { readonly missing: string } {
  let lib: LibraryHandle;
  try {
    lib = koffi.load('libbpf.so.1');
  } catch {
    return { missing: 'the library libbpf.so.1 is not installed (Debian and Ubuntu: apt install libbpf1)' };
  }
  try {
    captureLog(lib);
    const functions = Object.entries(signatures).map(([name, signature]) => [name, lib.func(signature)]);
    return Object.fromEntries(functions) as Libbpf;
  } catch (error) {
    return { missing: `libbpf.so.1 is too old: ${error instanceof Error ? error.message : error}` };
  }
}

/** The name of the error of a call that gave `result`: libbpf gives −errno, or −1 or NULL with errno. */
export function failure(result: number): string {
  return codeOf(result < -1 ? -result : lastErrno());
}
