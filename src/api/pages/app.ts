// What a browser is served: login, files, and the API for whoever is logged in. The server has checked the headers.
import { join } from 'node:path';
import { type Context, Hono } from 'hono';
import type { Peer } from '../access.ts';
import { createApi } from '../app.ts';
import { encode, isCompressible } from '../files/encodings.ts';
import { readStaticFiles, type StaticFile, type StaticFiles } from '../files/files.ts';
import { ApiFailure } from '../reply.ts';
import type { Services } from '../services.ts';
import { cookieNames, cookiesOf, forgetSession } from './cookies.ts';
import { loginRoutes } from './login.ts';
import type { Guest, Pages, Whence } from './pages.ts';

/** What the server knows of a request beside itself. */
export interface Caller extends Whence {
  /** Calls back at the end of the answer. */
  readonly onEnd: (listener: () => void) => void;
  /** Ends the answer wherever it is. */
  readonly cut: () => void;
  /** Told when it is one of somebody who is logged in. */
  readonly onGuest: () => void;
}

export interface PagesOptions {
  readonly pages: Pages;
  readonly services: Services;
  /** Of the built pages; empty where there are none. */
  readonly files: StaticFiles;
}

export type Served = Context<{ Bindings: { readonly caller: Caller } }>;

/** A page on another port of this address may put some of its own beside ours; so many are looked at. */
const maxCookies = 8;
const own = readStaticFiles(join(import.meta.dirname, 'login'), '/login');

async function sendFile(context: Served, file: StaticFile | undefined, caching: string): Promise<Response> {
  if (file === undefined) throw new Error('a file of the login page is missing');
  const { bytes, etag, encoding } = await encode(file, context.req.header('accept-encoding') ?? '');
  const headers = {
    ...{ 'cache-control': caching, etag },
    ...(isCompressible(file) && { vary: 'accept-encoding' }),
  };
  if (context.req.header('if-none-match') === etag) return context.body(null, 304, headers);
  const coding = encoding === undefined ? {} : { 'content-encoding': encoding };
  return context.body(bytes, 200, { ...headers, ...coding, 'content-type': file.type });
}

/** Names of built files have their hash in them; whatever else there is must be asked about each time. */
const cachingOf = (path: string): string => {
  if (path.startsWith('/assets/')) return 'public, max-age=31536000, immutable';
  return path.endsWith('.html') ? 'no-store' : 'no-cache';
};

export function createPages({ pages, services, files }: PagesOptions) {
  const app = new Hono<{ Bindings: { readonly caller: Caller } }>();
  const api = createApi(services, (env) => (env as { readonly peer: Peer }).peer);

  const findGuest = (context: Served): Guest | undefined => {
    const { caller } = context.env;
    for (const token of cookiesOf(context, cookieNames(caller).session).slice(0, maxCookies)) {
      const guest = pages.guest(token, caller);
      if (guest === undefined) continue;
      caller.onGuest();
      return guest;
    }
    return undefined;
  };
  const guestOf = (context: Served): Guest => {
    const guest = findGuest(context);
    if (guest !== undefined) return guest;
    const hint = context.env.caller.browser === 'remote' ? 'log in at /login' : 'run: postern ui';
    throw new ApiFailure({ code: 'not-logged-in', message: 'you are not logged in', hint });
  };

  const login = loginRoutes(pages, findGuest);

  app.onError((error, context) => {
    const failure = error instanceof ApiFailure ? error : ApiFailure.internal(error);
    return context.json({ error: failure.error }, failure.status);
  });
  app.use('/api/*', async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
  });

  app.get('/api/v1/pages/session', (context) => context.json(pages.view(guestOf(context))));
  app.post('/api/v1/pages/session', (context) => login.byLink(context));
  app.delete('/api/v1/pages/session', (context) => {
    pages.logout(guestOf(context));
    forgetSession(context);
    return context.json(null);
  });
  app.post('/api/v1/pages/password', (context) => login.byPassword(context));
  // Otherwise a session could go on for ever.
  app.post('/api/v1/pages/links', () => {
    throw new ApiFailure({ code: 'not-permitted', message: 'links are made in a terminal', hint: 'run: postern ui' });
  });
  app.put('/api/v1/pages/passwords/*', () => {
    throw new ApiFailure({
      code: 'not-permitted',
      message: 'passwords are set in a terminal',
      hint: 'run: postern password set',
    });
  });
  app.get('/api/v1/events', (context) => {
    const guest = guestOf(context);
    const { onEnd, cut } = context.env.caller;
    const end = pages.stream(guest, cut);
    if (end === undefined) {
      throw new ApiFailure({ code: 'too-many', message: 'this session has too many streams of events open' });
    }
    onEnd(end);
    return api.fetch(context.req.raw, { peer: guest.peer });
  });
  app.all('/api/v1/*', (context) => api.fetch(context.req.raw, { peer: guestOf(context).peer }));

  app.get('/login', (context) => {
    const page = context.env.caller.browser === 'remote' ? '/login/remote.html' : '/login/index.html';
    return sendFile(context, own.get(page), 'no-store');
  });
  app.get('*', (context) => {
    const { path } = context.req;
    const file = own.get(path) ?? files.get(path);
    if (file !== undefined) return sendFile(context, file, cachingOf(path));
    // Addresses of the pages themselves are no files: what stands there is found out in the browser.
    const shown = context.req.header('accept')?.includes('text/html') === true || path === '/';
    if (!shown || /^\/(api|assets)(\/|$)/.test(path)) return context.notFound();
    return sendFile(context, files.get('/index.html') ?? own.get('/login/unbuilt.html'), 'no-store');
  });
  app.notFound((context) =>
    context.json({ error: { code: 'not-found', message: `there is no ${context.req.method} of this path` } }, 404),
  );
  return app;
}
