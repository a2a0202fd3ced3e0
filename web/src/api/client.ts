// Asks the API. What can go wrong is a value: signed out, nobody there, or what the API says.
import type { ApiError } from '#model/api.ts';
import { fail, ok, type Result } from '#std/result.ts';

export type Failure =
  | { readonly kind: 'signed-out'; readonly message: string; readonly hint?: string }
  | { readonly kind: 'away'; readonly message: string; readonly hint?: string }
  | { readonly kind: 'refused'; readonly code: ApiError['code']; readonly message: string; readonly hint?: string };

export type Asked<T> = Result<T, Failure>;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const timeoutMs = 30_000;

export const signedOut: Failure = {
  kind: 'signed-out',
  message: 'You are signed out.',
  hint: 'Run `postern ui` in a terminal and open the link that it prints.',
};
export const away: Failure = {
  kind: 'away',
  message: 'Postern does not answer.',
  hint: 'It is tried again by itself.',
};

/** Told of each answer that says that nobody is signed in. */
const listeners = new Set<() => void>();
export function onSignedOut(listener: () => void): void {
  listeners.add(listener);
}
export function tellSignedOut(): void {
  for (const listener of listeners) listener();
}

/** `cancel`: the answer is not wanted any more. */
export async function ask<T>(method: Method, path: string, body?: unknown, cancel?: AbortSignal): Promise<Asked<T>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: {
        ...(method !== 'GET' && { 'Postern-Request': '1' }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(cancel === undefined ? [] : [cancel])]),
    });
    text = await response.text();
  } catch {
    return fail(away);
  }
  if (response.status === 401) {
    tellSignedOut();
    return fail(signedOut);
  }
  return readAnswer<T>(response.status, text);
}

/** What an answer other than 401 means. */
export function readAnswer<T>(status: number, text: string): Asked<T> {
  let json: unknown;
  try {
    json = text === '' ? null : JSON.parse(text);
  } catch {
    return fail({
      kind: 'refused',
      code: 'internal',
      message: `Postern answered with something that is no JSON (HTTP ${status}).`,
    });
  }
  if (status >= 200 && status < 300) return ok(json as T);
  const error = (json as { error?: Partial<ApiError> } | null)?.error;
  if (typeof error?.message !== 'string') {
    return fail({ kind: 'refused', code: 'internal', message: `Postern answered with HTTP ${status}.` });
  }
  const { code = 'internal', message, hint } = error;
  return fail({ kind: 'refused', code, message, ...(hint !== undefined && { hint }) });
}
