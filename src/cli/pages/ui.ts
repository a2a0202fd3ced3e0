// postern ui
import { buildCommand } from '@stricli/core';
import { browserUser, openBrowser } from '#client/browser.ts';
import type { PagesLink } from '#model/api.ts';
import { ask, type Context, Ending, exits } from '../context.ts';
import { type ClientFlags, clientFlags } from '../flags.ts';
import { safe, write, writeJson } from '../output.ts';

interface Flags extends ClientFlags {
  readonly open: boolean;
}

export const uiCommand = buildCommand<Flags, [], Context>({
  docs: {
    brief: 'Log a browser in to the pages',
    fullDescription:
      'Make a link that logs a browser of this machine in to the pages: it works once, within a minute, and for a browser ' +
      'that you run yourself. The pages then have the rights that you have. With sudo, the browser is that of the user who ' +
      'called sudo, and has the rights of root.\n\nExamples:\n  postern ui\n  postern ui --open\n  postern ui --json | jq -r .url\n',
  },
  parameters: {
    flags: {
      ...clientFlags,
      open: { kind: 'boolean', brief: 'Open the link in the browser too', default: false, withNegated: false },
    },
  },
  async func({ open, ...flags }) {
    const browser = browserUser();
    const link = await ask<PagesLink>(
      flags,
      'POST',
      '/pages/links',
      browser === undefined ? {} : { browser: browser.uid },
    );
    if (flags.json) writeJson(link);
    else {
      const whose = safe(link.browser.user ?? `uid ${link.browser.uid}`);
      const rights = link.user === link.browser.user ? '' : `, with the rights of ${safe(link.user ?? 'its maker')}`;
      write(`Open this link within a minute, in a browser that ${whose} runs; it works once${rights}:`);
      write(safe(link.url));
    }
    if (!open) return;
    const opened = await openBrowser(link.url, browser);
    if (!opened.ok) throw new Ending(exits.no, opened.error, 'open the link by hand, within a minute');
  },
});
