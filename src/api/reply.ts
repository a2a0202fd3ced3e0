// How results and failures become HTTP.
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ApiError } from '#model/api.ts';
import type { Served } from './services.ts';

const statuses: Readonly<Record<ApiError['code'], ContentfulStatusCode>> = {
  'bad-request': 400,
  'not-logged-in': 401,
  'not-permitted': 403,
  'not-found': 404,
  conflict: 409,
  'too-many': 429,
  unavailable: 503,
  internal: 500,
};

export class ApiFailure extends Error {
  readonly error: ApiError;

  constructor(error: ApiError) {
    super(error.message);
    this.error = error;
  }

  get status(): ContentfulStatusCode {
    return statuses[this.error.code];
  }

  /** What nobody expected: told to the log, not to the asker. */
  static internal(cause: unknown): ApiFailure {
    process.stderr.write(`postern: the API failed: ${cause instanceof Error ? cause.stack : cause}\n`);
    return new ApiFailure({ code: 'internal', message: 'something went wrong in Postern; its log says what' });
  }
}

export function serve<T>(context: Context, served: Served<T>): Response {
  if (!served.ok) throw new ApiFailure(served.error);
  return context.json(served.value as object | null);
}
