// Logging in: on this machine with the token of a link, from another one with a password.
import { loginSchema } from '#model/api.ts';
import { passwordLoginSchema } from '#model/pages/login.ts';
import { ApiFailure } from '../reply.ts';
import type { Served } from './app.ts';
import { browserOf, keepBrowser, keepSession } from './cookies.ts';
import type { Guest, Pages } from './pages.ts';

const hint = 'run: postern ui';
const bodyOf = (context: Served): Promise<unknown> => context.req.json().catch(() => undefined);

function tooSoon(context: Served, seconds: number, message: string, what: string): ApiFailure {
  context.header('retry-after', String(seconds));
  return new ApiFailure({ code: 'too-many', message, hint: what });
}

export function loginRoutes(pages: Pages, findGuest: (context: Served) => Guest | undefined) {
  /** The cookie is set, and what another one of this browser opened is closed. */
  const begin = (context: Served, cookie: string) => {
    const before = findGuest(context);
    if (before !== undefined) pages.logout(before);
    keepSession(context, cookie);
    return context.json(pages.view(pages.guest(cookie, context.env.caller) as Guest));
  };

  return {
    async byLink(context: Served) {
      const parsed = loginSchema.safeParse(await bodyOf(context));
      if (!parsed.success) throw new ApiFailure({ code: 'bad-request', message: 'the request has no token' });
      const login = pages.login(parsed.data.token, context.env.caller);
      if ('cookie' in login) return begin(context, login.cookie);
      if (login.retryAfter !== undefined) {
        throw tooSoon(context, login.retryAfter, 'there were too many wrong links; a new one works at once', hint);
      }
      const message = 'this link was used, is older than a minute, or is not yours';
      throw new ApiFailure({ code: 'not-logged-in', message, hint });
    },

    async byPassword(context: Served) {
      const { browser, from } = context.env.caller;
      if (browser !== 'remote' || from === null) {
        throw new ApiFailure({ code: 'not-permitted', message: 'passwords are for other machines', hint });
      }
      const parsed = passwordLoginSchema.safeParse(await bodyOf(context));
      if (!parsed.success)
        throw new ApiFailure({ code: 'bad-request', message: 'the request has no user and password' });
      const entered = await pages.enter({ ...parsed.data, from, browser: browserOf(context) });
      if ('cookie' in entered) {
        keepBrowser(context, entered.browser);
        return begin(context, entered.cookie);
      }
      if (entered.retryAfterMs !== undefined) {
        const seconds = Math.ceil(entered.retryAfterMs / 1000);
        const message = `there were too many wrong passwords; try again in ${seconds} s`;
        throw tooSoon(context, seconds, message, 'a browser that was logged in before, and ssh -L, are not held up');
      }
      // The same words whatever was wrong.
      throw new ApiFailure({ code: 'not-logged-in', message: 'the user or the password is wrong' });
    },
  };
}
