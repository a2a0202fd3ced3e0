// Asks a running Postern over its Unix socket. What can go wrong is a value: nobody there, not permitted, or what the API says.
import { request } from 'node:http';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { type ApiError, type EventView, errorSchema } from '#model/api.ts';
import { fail, ok, type Result } from '#std/result.ts';

export type ClientError =
  | { readonly kind: 'no-daemon'; readonly message: string }
  | { readonly kind: 'not-permitted'; readonly message: string; readonly hint?: string }
  | { readonly kind: 'refused'; readonly code: ApiError['code']; readonly message: string; readonly hint?: string };

export type Asked<T> = Result<T, ClientError>;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const timeoutMs = 60_000;

export class Client {
  readonly #socketPath: string;

  constructor(runtimeDir: string) {
    this.#socketPath = join(runtimeDir, 'postern.sock');
  }

  #noDaemon(error: NodeJS.ErrnoException): ClientError {
    if (error.code === 'EACCES' || error.code === 'EPERM') {
      return { kind: 'not-permitted', message: `you may not use ${this.#socketPath}` };
    }
    const why = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'nobody listens' : error.message;
    return {
      kind: 'no-daemon',
      message: `Postern is not running: ${why} on ${this.#socketPath}; start it with: sudo postern up`,
    };
  }

  /** `path` behind /api/v1, such as `/rules`. The answer has the shape that model/api.ts names for it. */
  ask<T>(method: Method, path: string, body?: unknown): Promise<Asked<T>> {
    return new Promise((resolve) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers =
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const asking = request(
        { socketPath: this.#socketPath, method, path: `/api/v1${path}`, headers, timeout: timeoutMs },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', (error) => resolve(fail(this.#noDaemon(error))));
          response.on('end', () => resolve(read(response.statusCode ?? 0, Buffer.concat(parts).toString('utf8'))));
        },
      );
      asking.on('timeout', () => asking.destroy(new Error('it does not answer')));
      asking.on('error', (error) => resolve(fail(this.#noDaemon(error))));
      asking.end(text);
    });
  }

  /** Hears of events until the signal; resolves when the daemon is gone, or at the signal. `after`: go on behind this place. */
  follow(listener: (event: EventView) => void, after: number | undefined, signal: AbortSignal): Promise<Asked<void>> {
    return new Promise((resolve) => {
      const headers = after === undefined ? {} : { 'last-event-id': String(after) };
      const asking = request({ socketPath: this.#socketPath, path: '/api/v1/events', headers, signal }, (response) => {
        const decoder = new StringDecoder('utf8');
        let rest = '';
        response.on('data', (part: Buffer) => {
          rest += decoder.write(part);
          const blocks = rest.split('\n\n');
          rest = blocks.pop() ?? '';
          for (const block of blocks) {
            const data = /^data: ?(.*)$/m.exec(block)?.[1];
            if (data !== undefined) listener(JSON.parse(data) as EventView);
          }
        });
        response.on('error', () => resolve(ok(undefined)));
        response.on('end', () => resolve(ok(undefined)));
      });
      asking.on('error', (error) => resolve(signal.aborted ? ok(undefined) : fail(this.#noDaemon(error))));
      asking.end();
    });
  }
}

function read<T>(status: number, text: string): Asked<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail({
      kind: 'refused',
      code: 'internal',
      message: `Postern answered with something that is no JSON (HTTP ${status})`,
    });
  }
  if (status >= 200 && status < 300) return ok(json as T);
  const parsed = errorSchema.safeParse(json);
  if (!parsed.success)
    return fail({ kind: 'refused', code: 'internal', message: `Postern answered with HTTP ${status}` });
  const { code, message, hint } = parsed.data.error;
  const extra = hint === undefined ? {} : { hint };
  return code === 'not-permitted'
    ? fail({ kind: 'not-permitted', message, ...extra })
    : fail({ kind: 'refused', code, message, ...extra });
}
