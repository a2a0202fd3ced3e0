// One question in a notification, in a terminal's live view, in `postern ask` and in a browser's page: one answer closes it everywhere. And the icon.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { PagesLink, PromptView, RuleView, Status } from '#model/api.ts';
import { bin, Lab, type Postern } from '../lab.ts';
import { world } from '../namespaces.ts';
import { Desktop } from './desktop.ts';
import { findColour, Panel } from './panel.ts';
import { Tmux } from './tmux.ts';

const url = `http://${world.v4}/`;
const user = 'pt-admin';

describe('one question everywhere', { concurrency: false }, () => {
  let lab: Lab;
  let postern: Postern;
  let desktop: Desktop;
  let agent: ChildProcess;
  let live: Tmux;
  let asking: Tmux;
  let browser: Browser;
  let page: Page;

  before(async () => {
    lab = await Lab.create();
    // As the groups of an account are read from /etc/group, its user may change the mode.
    lab.account(user);
    lab.group('postern', user);
    desktop = await Desktop.start(lab, user);
    postern = await lab.postern({ args: ['--pages', '127.0.0.1:0', '--hold', '120'] });
    agent = desktop.agent(postern, ['--no-refusals']);
    const at = `--runtime-dir ${join(postern.folder, 'run')}`;
    [live, asking] = [new Tmux(lab, user), new Tmux(lab)];
    for (const terminal of [live, asking]) await terminal.start();
    await live.keys(`${bin} top ${at}`, 'Enter');
    await asking.keys(`${bin} ask ${at}`, 'Enter');
    await live.until((shown) => /^Postern · ask/.test(shown), 'the live view');
    await asking.until((shown) => shown.includes('No open question'), 'postern ask');
    const inside = join(lab.folder, 'browser');
    const enter = `nsenter --net=/run/netns/${lab.names.host}`;
    writeFileSync(inside, `#!/bin/sh\nexec ${enter} /usr/lib/chromium/chromium "$@"\n`, { mode: 0o755 });
    browser = await chromium.launch({ executablePath: inside, args: ['--no-sandbox', '--disable-quic'] });
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto((await postern.json<PagesLink>(['ui'])).url);
    await page.getByText(/^Live/).waitFor();
    await page.getByRole('link', { name: /^Ask/ }).click();
  });
  after(async () => {
    agent?.kill('SIGTERM');
    for (const terminal of [live, asking]) await terminal?.stop();
    await browser?.close();
    await postern?.stop();
    await lab?.close();
  });

  // A rule of an answer would judge the next question.
  afterEach(async () => {
    for (const { name, origin } of await postern.json<RuleView[]>(['rules'])) {
      if (origin === 'answer') await postern.cli(['rule', 'rm', name]);
    }
  });

  const cards = () => page.getByRole('article');

  /** A held connection, once all four show it. */
  async function held() {
    const curl = lab.curl(url, { user, maxSeconds: 110 });
    await postern.until(async () => (await desktop.displayed()) === 1, `the notification: ${desktop.said}`);
    await live.until((shown) => /\? curl/.test(shown), 'it in the live view');
    await asking.until((shown) => /\(\d+ s left\) >\s*$/.test(shown.trimEnd()), 'it in postern ask');
    await cards().first().waitFor();
    return { curl };
  }
  async function closed() {
    await postern.until(async () => (await desktop.displayed()) === 0, 'that the notification is closed');
    await live.until((shown) => !/\? curl/.test(shown), 'that the live view has none');
    await asking.until((shown) => !/s left\) >\s*$/.test(shown.trimEnd()), 'that postern ask has none');
    await postern.until(async () => (await cards().count()) === 0, 'that the page has none');
    assert.deepEqual(await postern.json<PromptView[]>(['prompts']), []);
  }

  const ways: Readonly<Record<string, readonly [() => Promise<unknown>, number]>> = {
    'its notification': [() => desktop.press('Refuse for 15 min'), 7],
    'the live view': [() => live.keys('Tab', 'a'), 0],
    'postern ask': [() => asking.keys('d', 'Enter'), 7],
    'the page': [() => cards().first().getByRole('button', { name: 'Allow' }).click(), 0],
  };
  for (const [name, [answer, code]] of Object.entries(ways)) {
    test(`answered in ${name}, it closes in the other three`, async () => {
      const { curl } = await held();
      await answer();
      assert.equal((await curl).code, code);
      await closed();
    });
  }

  test('a real panel shows the icon, marks it while a question waits, and its menu changes the mode', async () => {
    const panel = new Panel(desktop);
    await panel.start();
    const asks = [38, 104, 163] as const;
    const lamp = [255, 184, 28] as const;
    const screen = () => readFileSync(desktop.framebuffer);
    /** Until nothing on the screen has changed for a second and a half. */
    const stands = async () => {
      for (let [last, since] = [screen(), performance.now()]; performance.now() - since < 1500; ) {
        await sleep(100);
        if (!screen().equals(last)) [last, since] = [screen(), performance.now()];
      }
    };
    const place = () => findColour(desktop.framebuffer, asks, { width: 1000, height: 30 });
    const lit = () => findColour(desktop.framebuffer, lamp, { width: 1000, height: 30 });
    await postern.until(() => place() !== undefined, `the icon; the panel said: ${panel.said}; ${desktop.said}`);
    assert.equal(lit(), undefined);
    const curl = lab.curl(url, { user, maxSeconds: 110 });
    await postern.until(() => lit() !== undefined, 'the mark of attention');
    await desktop.press('Refuse for 15 min');
    assert.equal((await curl).code, 7);
    await postern.until(() => lit() === undefined, 'that the mark is gone');
    const at = place();
    // The last entry but one is the pause: up from the end, over "Quit".
    await postern.until(async () => (await desktop.displayed()) === 0, 'that no notification stands');
    await desktop.run(['xdotool', 'mousemove', String(at?.x), String(at?.y)]);
    await stands();
    const before = screen();
    await desktop.run(['xdotool', 'click', '3']);
    await postern.until(() => !screen().equals(before), 'the menu');
    await stands();
    for (const key of ['Up', 'Up', 'Return']) await desktop.run(['xdotool', 'key', key]);
    await postern.until(
      async () => (await postern.json<Status>(['status'])).pausedUntil !== null,
      `that the menu pauses; ${desktop.said}`,
    );
    const open = [70, 96, 120] as const;
    const raised = () => findColour(desktop.framebuffer, open, { width: 1000, height: 30 });
    await postern.until(() => raised() !== undefined, 'that the gate is raised');
    await postern.cli(['mode', 'ask']);
    await postern.until(() => place() !== undefined && raised() === undefined, 'that it is let down again');
    // Another panel, as after a crash of the first, is told again.
    await panel.kill();
    await postern.until(() => place() === undefined, 'that the panel is gone');
    await panel.start();
    await postern.until(() => place() !== undefined, 'the icon again');
  });
});
