// The cookies of the pages. Over TLS their names say that nobody but this host set them, and only over TLS (RFC 6265bis, `__Host-`).
import { setCookie } from 'hono/cookie';
import type { Served } from './app.ts';
import type { Whence } from './pages.ts';
import { wholeMs } from './sessions.ts';

/** As long as a browser is known; each login counts anew. */
const browserSeconds = 180 * 24 * 3600;

export function cookieNames({ browser }: Pick<Whence, 'browser'>) {
  return browser === 'remote'
    ? ({ session: '__Host-postern', browser: '__Host-postern-browser' } as const)
    : ({ session: 'postern', browser: undefined } as const);
}

/** All of this name: a page elsewhere may have put one of its own beside ours. */
export function cookiesOf(context: Served, wanted: string): string[] {
  return (context.req.header('cookie') ?? '')
    .split(';')
    .map((part) => part.trim().split('='))
    .filter(([name]) => name === wanted)
    .map(([, value = '']) => value);
}

function put(context: Served, name: string, value: string, maxAge: number): void {
  const secure = context.env.caller.browser === 'remote';
  setCookie(context, name, value, { httpOnly: true, sameSite: 'Strict', path: '/', maxAge, ...(secure && { secure }) });
}

export function keepSession(context: Served, token: string): void {
  put(context, cookieNames(context.env.caller).session, token, wholeMs / 1000);
}

export function forgetSession(context: Served): void {
  put(context, cookieNames(context.env.caller).session, '', 0);
}

/** The token of a browser that logged in with a password before. */
export function browserOf(context: Served): string | undefined {
  const { browser } = cookieNames(context.env.caller);
  return browser === undefined ? undefined : cookiesOf(context, browser)[0];
}

export function keepBrowser(context: Served, token: string): void {
  const { browser } = cookieNames(context.env.caller);
  if (browser !== undefined) put(context, browser, token, browserSeconds);
}
