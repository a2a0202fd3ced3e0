// postern sessions: which browsers are logged in to the pages, and logging them out.
import { buildCommand } from '@stricli/core';
import type { SessionView } from '#model/pages/login.ts';
import { ask, type Context } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { formatTime, safe, write, writeJson } from '../output.ts';

interface Flags extends ClientFlags {
  readonly end?: string;
}

export const sessionsCommand = buildCommand<Flags, [], Context>({
  docs: {
    brief: 'List the browsers that are logged in to the pages, or log them out',
    fullDescription:
      'List the browsers that are logged in to the pages; to users who are no administrators, their own. --end logs one out, or with ' +
      'all every one that is listed.\n\nExamples:\n  postern sessions\n  postern sessions --end 5f2a90c1d3e4\n  postern sessions --end all\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      end: { kind: 'parsed', parse: String, brief: 'Log this one out, or all', optional: true, placeholder: 'ID|all' },
    },
  },
  async func({ end, ...flags }) {
    if (end !== undefined) {
      await ask<null>(flags, 'DELETE', `/pages/sessions/${encodeURIComponent(end)}`);
      if (flags.json) writeJson(null);
      else write(end === 'all' ? 'All were logged out.' : 'It was logged out.');
      return;
    }
    const sessions = await ask<SessionView[]>(flags, 'GET', '/pages/sessions');
    if (flags.json) writeJson(sessions);
    else if (sessions.length === 0) write('No browser is logged in.');
    for (const { id, user, uid, from, began, lastUsed } of flags.json ? [] : sessions) {
      const who = safe(user ?? `uid ${uid}`);
      write(
        `${safe(id)}  ${who} from ${safe(from ?? 'this machine')}, since ${formatTime(began)}, last used ${formatTime(lastUsed)}`,
      );
    }
  },
});
