// A server with made-up data that moves, for work on the pages and their pictures: `node test/web/fake.ts [PORT]`.
// The same routes and headers as the real one; it serves build/web, and knows nothing of a machine.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type { EventView, LogLine, ModeRequest, PromptView, Status } from '#model/api.ts';
import type { ChangeSettings } from '#model/machine/settings.ts';
import type { ChangeNetwork } from '#model/net/network.ts';
import type { Answer } from '#model/prompt.ts';
import type { SavedView, View } from '#model/query/view.ts';
import type { RuleText } from '#model/rule.ts';
import type { TryRule } from '#model/shown/ruletext.ts';
import { fakeFacets, fakeGroups, fakePreview, isAsked } from './fakehistory.ts';
import { FakeRules } from './fakerules.ts';
import { madeDoctor, madePasswords, madeSessions } from './madeaccess.ts';
import { madeApp, madeApps } from './madeapps.ts';
import { madeLearnings, madeReview } from './madelearning.ts';
import { MadeNetworks } from './madenetworks.ts';
import { madeRun, madeRunReport } from './maderuns.ts';
import { changeMadeSettings, madeSettings } from './madesettings.ts';
import { madeLists, madeRules, madeStatus, madeVersions } from './madestate.ts';
import { madeLine, madeNames, madeOwnLine, madePrompt } from './madeup.ts';

const web = join(import.meta.dirname, '../../build/web');
/** The login is the server's own page. */
const login = join(import.meta.dirname, '../../src/api/pages');
const types: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' },
};
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
export const firstToken = 'let-me-in';

export interface FakeOptions {
  readonly port?: number;
  /** Nothing moves after the first picture is set. */
  readonly still?: boolean;
  readonly signedIn?: boolean;
  readonly administrator?: boolean;
  readonly lines?: number;
}

export interface Fake {
  readonly url: string;
  tell(type: string, data: unknown): void;
  /** Ends all streams, as a restart of the server would. */
  cut(): void;
  /** From now on nobody is signed in. */
  signOut(): void;
  /** A new question. */
  ask(): void;
  /** The machine comes to a new network. */
  arrive(): void;
  /** One more connection. */
  connect(): void;
  /** Somebody else answers the oldest question. */
  answerElsewhere(): void;
  /** Every change that was asked for: `POST /prompts/…/answer {…}`. */
  readonly changes: readonly string[];
  /** The places after which streams were asked for. */
  readonly follows: readonly number[];
  close(): Promise<void>;
}

export async function startFake(options: FakeOptions = {}): Promise<Fake> {
  const { still = false, administrator = true, lines: lineCount = 400 } = options;
  let signedIn = options.signedIn ?? true;
  let sequence = 0;
  const streams = new Set<ServerResponse>();
  const changes: string[] = [];
  const follows: number[] = [];
  const events: EventView[] = [];
  const lines: LogLine[] = [];
  let prompts: PromptView[] = [];
  const start = Date.now();
  for (let at = lineCount; at > 0; at -= 1) {
    sequence += 1;
    const made = at % 40 === 0 ? madeOwnLine : madeLine;
    lines.push(made(sequence, start - at * 1400 - (at % 7) * 300));
  }
  let rules = madeRules(start);
  let versions = madeVersions(start);
  let lists = madeLists(start);
  const networks = new MadeNetworks(start);
  let settings = madeSettings;
  let views: readonly SavedView[] = [];
  let mode: Partial<Status> = {};

  const write = (stream: ServerResponse, event: EventView) =>
    stream.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\nid: ${event.sequence}\n\n`);
  const tell = (type: string, data: unknown) => {
    sequence += 1;
    const event = { sequence, time: Date.now(), type, data };
    events.push(event);
    if (events.length > 2000) events.shift();
    for (const stream of streams) write(stream, event);
  };
  const connect = () => {
    const line = madeLine(sequence + 1, Date.now());
    lines.push(line);
    tell('connection', line);
  };
  const ask = (held = true) => {
    const prompt = madePrompt(Date.now(), held);
    prompts = [...prompts, prompt];
    tell('prompt-opened', prompt);
  };
  const close = (id: string, outcome: string, action: Answer['action']) => {
    prompts = prompts.filter((prompt) => prompt.id !== id);
    tell('prompt-closed', { type: 'prompt-closed', id, outcome, action, time: Date.now() });
  };
  const changed = (what: string, user = 'alice') => {
    const version = { id: (versions[0]?.id ?? 0) + 1, time: Date.now(), user, what };
    versions = [version, ...versions];
    tell('rules-changed', version);
    return version;
  };
  const status = (): Status => {
    const now = Date.now();
    if (mode.revertsAt != null && mode.revertsAt < now) mode = { mode: mode.revertsTo ?? 'ask' };
    return { ...madeStatus(start, sequence, prompts.length), ...mode };
  };

  const setMode = (request: ModeRequest): Status => {
    const before = status();
    if (request.confirm === true)
      mode = { mode: before.mode === 'observe' && before.pausedUntil ? 'ask' : before.mode };
    else if (request.pauseMinutes !== undefined)
      mode = { mode: 'observe', pausedUntil: Date.now() + request.pauseMinutes * 60_000 };
    else {
      const revert = request.revertSeconds && {
        revertsAt: Date.now() + request.revertSeconds * 1000,
        revertsTo: before.mode,
      };
      mode = { ...(request.mode && { mode: request.mode }), ...revert };
    }
    tell('mode-changed', { ...request, now: status().mode, by: 'alice' });
    return status();
  };

  const notFound = { error: { code: 'not-found', message: 'there is no such thing' } };
  type Reply = { readonly status?: number; readonly json: unknown };

  const answer = (id: string, body: Answer): Reply => {
    if (!prompts.some((prompt) => prompt.id === id))
      return {
        status: 404,
        json: {
          error: { code: 'not-found', message: `there is no open question ${id}`, hint: 'postern prompts lists them' },
        },
      };
    if (body.lifetime !== 'once') changed(`answered a question with rule "${body.action} curl to somewhere @${id}"`);
    close(id, 'answered', body.action);
    return { json: { rules: [], name: null, otherNames: [], pending: null } };
  };

  const ruleTexts = new FakeRules(() => rules);

  const rule = (method: string, name: string, body: { enabled?: boolean; text?: string }): Reply => {
    if (!rules.some((one) => one.name === name)) return { status: 404, json: notFound };
    if (body.text !== undefined) {
      const view = ruleTexts.put(name, body.text);
      if (view === undefined) return { status: 400, json: { error: { code: 'bad-request', message: 'no rule' } } };
      rules = rules.map((one) => (one.name === name ? view : one));
      return { json: { rules: [view.rule], version: changed(`changed rule "${name}"`), file: '', pending: null } };
    }
    if (method === 'DELETE') {
      rules = rules.filter((one) => one.name !== name);
      return { json: { rules: [], version: changed(`removed rule "${name}"`), file: '', pending: null } };
    }
    rules = rules.map((one) => (one.name === name ? { ...one, enabled: body.enabled ?? one.enabled } : one));
    const version = changed(`switched rule "${name}" ${body.enabled === false ? 'off' : 'on'}`);
    return { json: { rules: [], version, file: '', pending: null } };
  };

  const log = (query: URLSearchParams): LogLine[] => {
    const has = (key: string) => (query.has(key) ? Number(query.get(key)) : undefined);
    const [since, until, after, limit = 100] = [has('since'), has('until'), has('after'), has('limit')];
    const before = has('before');
    const asked = isAsked(query);
    const found = lines.filter(
      (line) =>
        (since === undefined || line.time >= since) &&
        (until === undefined || line.time <= until) &&
        (after === undefined || line.sequence > after) &&
        (before === undefined || line.sequence < before) &&
        asked(line) &&
        (!query.has('app') || line.app.includes(query.get('app') ?? '')) &&
        (!query.has('action') || line.action === query.get('action')),
    );
    return after === undefined ? found.toReversed().slice(0, limit) : found.slice(0, limit);
  };

  const explained = () => ({
    ...{
      action: 'reject',
      rule: 'no trackers',
      by: 'rule',
      revision: 12,
      logged: [],
      depends: ['process.exe', 'names', 'flow.remote.port'],
    },
    trace: [
      { rule: 'npm registry', why: 'app must be script **/npm-cli.js, and it is /usr/lib/firefox/firefox' },
      { rule: 'no trackers', why: 'all of its conditions hold' },
    ],
  });

  const route = (method: string, path: string, query: URLSearchParams, body: unknown): Reply => {
    const [, noun = '', name = '', verb = ''] = path.split('/').map(decodeURIComponent);
    const key = `${method} /${noun}`;
    switch (key) {
      case 'GET /status':
        return { json: status() };
      case 'PUT /mode':
        return { json: setMode(body as ModeRequest) };
      case 'GET /mode': {
        const groups = [
          { app: 'firefox', destination: 'www.example.com 198.51.100.20:443/tcp', direction: 'out', times: 211 },
          { app: 'sshd', destination: '192.0.2.50:51000/tcp', direction: 'in', times: 2 },
        ];
        return { json: { total: 213, groups, ssh: 2 } };
      }
      case 'GET /prompts':
        return { json: prompts };
      case 'POST /prompts':
        return verb === 'answer' ? answer(name, body as Answer) : { status: 404, json: notFound };
      case 'GET /connections': {
        if (name === 'facets') return { json: fakeFacets(lines, query) };
        if (name === 'groups') return { json: fakeGroups(lines, query) };
        if (name === '') return { json: log(query) };
        const line = lines.find(({ id }) => id === name);
        return line === undefined ? { status: 404, json: notFound } : { json: line };
      }
      case 'GET /apps':
        return { json: name === '' ? madeApps(start) : madeApp(name, start) };
      case 'GET /rules': {
        if (verb !== 'text') return { json: rules };
        const text = ruleTexts.text(name);
        return text.ok ? { json: text.value } : { status: 404, json: notFound };
      }
      case 'POST /rules': {
        if (name === 'preview') return { json: fakePreview };
        if (name === 'try') return { json: ruleTexts.try(body as TryRule) };
        const { rule: added } = body as { rule: RuleText };
        const view = {
          ...madeRules(Date.now())[0],
          name: added.name,
          action: added.action,
          priority: added.priority ?? 0,
        };
        rules = [
          {
            ...view,
            hits: 0,
            lastHit: null,
            text: `${added.action} ${String(added.app ?? 'any program')} to ${String(added.to ?? 'any')}`,
            rule: added,
          } as (typeof rules)[number],
          ...rules,
        ];
        return { json: { rules: [added], version: changed(`added rule "${added.name}"`), file: '', pending: null } };
      }
      case 'PATCH /rules':
      case 'DELETE /rules':
        return rule(method, name, body as { enabled?: boolean });
      case 'POST /undo': {
        const [undone] = versions;
        return { json: { undone, made: changed(`undid: ${undone?.what}`), pending: null } };
      }
      case 'GET /history': {
        const version = versions.find(({ id }) => String(id) === name);
        if (version === undefined) return { json: versions };
        return { json: ruleTexts.difference(version, query.get('to')) };
      }
      case 'POST /history': {
        const to = versions.find(({ id }) => String(id) === name);
        return { json: { to, made: changed(`went back to change ${name}`), pending: null } };
      }
      case 'GET /names':
        return {
          json: madeNames(Date.now()).filter(
            (one) => one.name.includes(query.get('name') ?? '') && one.address.includes(query.get('address') ?? ''),
          ),
        };
      case 'POST /self-test': {
        const { selfTest } = status();
        mode = { ...mode, selfTest: selfTest && { ...selfTest, time: Date.now() } };
        return { json: status().selfTest };
      }
      case 'GET /doctor':
        return { json: madeDoctor() };
      case 'GET /lists':
        return {
          json:
            name === 'having'
              ? [{ list: 'trackers', entry: 'tracker.example.net', line: 4711, excepted: false }]
              : lists,
        };
      case 'PATCH /lists':
        lists = lists.map((one) =>
          one.name === name ? { ...one, enabled: (body as { enabled: boolean }).enabled } : one,
        );
        return { json: lists.find((one) => one.name === name) };
      case 'POST /lists':
        return { json: lists };
      case 'GET /runs':
        return { json: name === '' ? [madeRun(Date.now())] : madeRunReport(Date.now()) };
      case 'GET /learnings':
        if (name === '') return { json: madeLearnings(Date.now()) };
        return { json: madeReview(name, Date.now()) ?? notFound };
      case 'POST /learnings':
        if (verb === 'accept') {
          const version = changed(`accepted what "${name}" learned`);
          return { json: { rules: [], version, file: '', pending: null } };
        }
        return { json: madeLearnings(Date.now())[0] };
      case 'DELETE /learnings':
        return { json: null };
      case 'GET /views':
        return { json: views };
      case 'PUT /views':
      case 'DELETE /views':
        views = views.filter((one) => one.name !== name);
        if (method === 'PUT') views = [...views, { name, view: body as View }];
        return { json: views };
      case 'GET /settings':
        return { json: settings };
      case 'PATCH /settings':
        settings = changeMadeSettings(settings, body as ChangeSettings);
        changed('set something');
        return { json: settings };
      case 'GET /networks':
        return { json: networks.list() };
      case 'PATCH /networks':
        return { json: networks.change(name, body as ChangeNetwork) };
      case 'DELETE /networks':
        networks.forget(name);
        return { json: null };
      case 'POST /explain':
        return { json: explained() };
      case 'POST /reload':
        return { json: null };
      default:
        return { status: 404, json: notFound };
    }
  };

  const pages = async (request: IncomingMessage, body: { token?: string }): Promise<Reply> => {
    const person = { user: 'alice', uid: 1000, administrator, version: '0.1.0', expires: Date.now() + 43_200_000 };
    const message =
      request.method === 'POST' ? 'this link was used, is older than a minute, or is not yours' : 'nobody is signed in';
    const refused = { status: 401, json: { error: { code: 'not-permitted', message } } };
    if (request.method === 'DELETE') signedIn = false;
    if (request.method === 'POST') {
      if (body.token !== firstToken) return refused;
      signedIn = true;
    }
    return signedIn || request.method === 'DELETE' ? { json: person } : refused;
  };

  let sessions = madeSessions(start);
  let passwords = madePasswords(start);
  const access = (method: string, path: string) => {
    const [, , noun, name = ''] = path.split('/').map(decodeURIComponent);
    if (method === 'DELETE') {
      sessions = sessions.filter(({ id }) => noun !== 'sessions' || id !== name);
      passwords = passwords.filter(({ user }) => noun !== 'passwords' || user !== name);
      return null;
    }
    return noun === 'sessions' ? sessions : passwords;
  };

  const follow = (request: IncomingMessage, response: ServerResponse) => {
    const after = Number(request.headers['last-event-id'] ?? sequence);
    follows.push(after);
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    for (const event of events) if (event.sequence > after) write(response, event);
    streams.add(response);
    response.on('close', () => streams.delete(response));
  };

  const sendFile = (path: string, response: ServerResponse) => {
    const known = path === '/login' ? 'login/index.html' : extname(path) === '' ? 'index.html' : path.slice(1);
    try {
      const content = readFileSync(join(known.startsWith('login/') ? login : web, known));
      response.writeHead(200, {
        'content-type': types[extname(known)] ?? 'application/octet-stream',
        'content-security-policy': policy,
      });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  };

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (!pathname.startsWith('/api/v1')) return sendFile(pathname, response);
    const send = ({ status = 200, json }: Reply) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    };
    let text = '';
    for await (const part of request) text += String(part);
    const body: unknown = text === '' ? {} : JSON.parse(text);
    const path = pathname.slice('/api/v1'.length);
    const { method = 'GET' } = request;
    if (method !== 'GET' && request.headers['postern-request'] !== '1') {
      return send({
        status: 403,
        json: { error: { code: 'not-permitted', message: 'the header Postern-Request is missing' } },
      });
    }
    // A rule that is only tried changes nothing.
    if (method !== 'GET' && path !== '/rules/preview') changes.push(`${method} ${path} ${text}`);
    if (path === '/pages/session') return send(await pages(request, body as { token?: string }));
    if (!signedIn)
      return send({ status: 401, json: { error: { code: 'not-permitted', message: 'nobody is signed in' } } });
    if (path === '/events') return follow(request, response);
    if (path.startsWith('/pages/')) return send({ json: access(method, path) });
    send(route(method, path, searchParams, body));
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));

  ask();
  ask();
  ask(false);
  ask();
  const timers = still
    ? []
    : [
        setInterval(connect, 700),
        setInterval(() => prompts.length < 6 && ask(), 20_000),
        setInterval(() => {
          for (const { id, deadline } of prompts) if (deadline < Date.now()) close(id, 'deadline', 'reject');
        }, 1000),
      ];
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    tell,
    cut: () => {
      for (const stream of streams) stream.destroy();
    },
    signOut: () => {
      signedIn = false;
    },
    ask,
    connect,
    arrive: () => {
      const { where } = networks.arrive(Date.now());
      const [network, profile] = [where.network ?? null, where.profile ?? null];
      tell('network-changed', { network, profile, connected: { interface: 'wlan0' }, tunnels: [] });
    },
    answerElsewhere: () => {
      const [oldest] = prompts;
      if (oldest === undefined) return;
      changed(`answered a question with rule "allow it @${oldest.id}"`, 'bob');
      close(oldest.id, 'answered', 'allow');
    },
    changes,
    follows,
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (import.meta.main) {
  const fake = await startFake({ port: Number(process.argv[2] ?? 8787), signedIn: process.argv[3] !== 'out' });
  process.stdout.write(`${fake.url}/  and to sign in ${fake.url}/login#${firstToken}\n`);
}
