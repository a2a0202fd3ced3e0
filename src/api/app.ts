// The API: /api/v1/ and the nouns of the command line. It checks who asks and what is asked; the services do the work.
import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import {
  addRuleSchema,
  changeRuleSchema,
  explainRequestSchema,
  linkRequestSchema,
  modeRequestSchema,
} from '#model/api.ts';
import { attemptFromJson } from '#model/attempt.ts';
import { acceptLearnedSchema, startLearningSchema } from '#model/learn/learning.ts';
import { changeSettingsSchema } from '#model/machine/settings.ts';
import { addListSchema, changeListSchema } from '#model/net/list.ts';
import { changeNetworkSchema } from '#model/net/network.ts';
import { passwordRequestSchema, userNameSchema } from '#model/pages/login.ts';
import { answerSchema } from '#model/prompt.ts';
import { previewRequestSchema } from '#model/query/history.ts';
import { viewNameSchema, viewSchema } from '#model/query/view.ts';
import { startRunSchema } from '#model/run/run.ts';
import { differenceQuerySchema } from '#model/shown/difference.ts';
import { applyFilesSchema } from '#model/shown/policyfiles.ts';
import { tryRuleSchema } from '#model/shown/ruletext.ts';
import { isAdministrator, type Peer } from './access.ts';
import { EventQueue } from './eventqueue.ts';
import { openApi } from './openapi.ts';
import { facetsQuerySchema, groupsQuerySchema, logQuerySchema, namesQuerySchema } from './queries.ts';
import { ApiFailure, serve } from './reply.ts';
import type { Services } from './services.ts';

interface Environment {
  Variables: { peer: Peer; admin: boolean };
}

const maxBodyBytes = 1024 * 1024;
/** Of a whole folder of rule files. */
const maxFilesBytes = 16 * 1024 * 1024;

const limited = (maxSize: number): MiddlewareHandler =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new ApiFailure({ code: 'bad-request', message: `a request may have at most ${maxSize} bytes` });
    },
  });

const administratorsOnly: MiddlewareHandler<Environment> = async (context, next) => {
  if (!context.get('admin')) {
    throw new ApiFailure({
      code: 'not-permitted',
      message: 'only root and members of the group postern may change rules and modes',
      hint: 'run it with sudo, or have an administrator add you to the group: usermod -aG postern USER',
    });
  }
  await next();
};

function parseQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ApiFailure({ code: 'bad-request', message: `${issue?.path.join('.')}: ${issue?.message}` });
}

async function body<T>(request: { json(): Promise<unknown> }, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    value = await request.json();
  } catch {
    throw new ApiFailure({ code: 'bad-request', message: 'the request has no body of JSON' });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.');
  throw new ApiFailure({
    code: 'bad-request',
    message: `${place ? `${place}: ` : ''}${issue?.message ?? 'not valid'}`,
  });
}

function versionOf(context: { readonly req: { param(name: 'id'): string } }): number {
  const id = context.req.param('id');
  if (/^\d{1,9}$/.test(id)) return Number(id);
  throw new ApiFailure({ code: 'bad-request', message: 'a change has a number; postern history lists them' });
}

/** `peer` tells who sent a request; `env` is what the server hands over with it. */
export function createApi(services: Services, peer: (env: unknown) => Peer | undefined) {
  const app = new Hono<Environment>().basePath('/api/v1');
  app.use(async (context, next) => {
    const who = peer(context.env);
    if (who === undefined) throw new ApiFailure({ code: 'not-permitted', message: 'nobody knows who asks' });
    context.set('peer', who);
    context.set('admin', isAdministrator(who));
    await next();
  });
  const [usual, ofFiles] = [limited(maxBodyBytes), limited(maxFilesBytes)];
  app.use((context, next) => (context.req.path.endsWith('/policy') ? ofFiles : usual)(context, next));
  app.onError((error, context) => {
    const failure = error instanceof ApiFailure ? error : ApiFailure.internal(error);
    return context.json({ error: failure.error }, failure.status);
  });
  app.notFound((context) =>
    context.json(
      { error: { code: 'not-found', message: `there is no ${context.req.method} ${context.req.path}` } },
      404,
    ),
  );

  /** Whose programs the asker may see: everybody's, or only their own. */
  const visible = (context: { get(key: 'peer'): Peer } & { get(key: 'admin'): boolean }) =>
    context.get('admin') ? undefined : context.get('peer').uid;

  app.get('/openapi.json', (context) => context.json(openApi()));
  app.get('/status', async (context) => context.json(await services.status(visible(context))));
  app.post('/self-test', administratorsOnly, async (context) => context.json(await services.selfTest.run()));
  app.get('/doctor', administratorsOnly, async (context) => serve(context, await services.doctor()));
  app.get('/rules', (context) => context.json(services.rules(visible(context))));
  app.post('/rules', administratorsOnly, async (context) => {
    const { rule, lifetime } = await body(context.req, addRuleSchema);
    return serve(context, await services.addRule(context.get('peer').uid, rule, lifetime ?? 'always'));
  });
  app.post('/rules/preview', async (context) => {
    const request = await body(context.req, previewRequestSchema);
    return serve(context, await services.previewRules(request, visible(context), context.req.raw.signal));
  });
  app.post('/rules/try', administratorsOnly, async (context) =>
    context.json(services.trials.try(await body(context.req, tryRuleSchema))),
  );
  app.get('/rules/:name/text', administratorsOnly, (context) =>
    serve(context, services.trials.text(context.req.param('name'))),
  );
  app.patch('/rules/:name', administratorsOnly, async (context) => {
    const change = await body(context.req, changeRuleSchema);
    return serve(context, await services.changeRule(context.get('peer').uid, context.req.param('name'), change));
  });
  app.delete('/rules/:name', administratorsOnly, async (context) =>
    serve(context, await services.removeRule(context.get('peer').uid, context.req.param('name'))),
  );
  app.post('/undo', administratorsOnly, async (context) => {
    const { version } = await body(context.req, z.strictObject({ version: z.int().min(1).optional() }));
    return serve(context, await services.undo(context.get('peer').uid, version));
  });
  app.get('/history', administratorsOnly, (context) => context.json(services.versions()));
  app.get('/history/:id/difference', administratorsOnly, (context) => {
    const { to } = parseQuery(differenceQuerySchema, context.req.query());
    return serve(context, services.difference(versionOf(context), to === undefined || to === 'now' ? to : Number(to)));
  });
  app.post('/history/:id/rollback', administratorsOnly, async (context) =>
    serve(context, await services.rollback(context.get('peer').uid, versionOf(context))),
  );
  app.get('/policy', administratorsOnly, (context) => serve(context, services.ruleFiles.read()));
  app.put('/policy', administratorsOnly, async (context) => {
    const asked = await body(context.req, applyFilesSchema);
    return serve(context, await services.ruleFiles.apply(context.get('peer').uid, asked));
  });
  app.post('/reload', administratorsOnly, async (context) => serve(context, await services.ruleFiles.reload()));
  app.put('/mode', administratorsOnly, async (context) => {
    const request = await body(context.req, modeRequestSchema);
    return serve(context, await services.setMode(context.get('peer').uid, request));
  });
  app.get('/mode/lockdown', administratorsOnly, (context) => context.json(services.previewLockdown()));
  app.get('/prompts', (context) => context.json(services.prompts(visible(context))));
  app.post('/prompts/:id/answer', async (context) => {
    const answer = await body(context.req, answerSchema);
    const { uid } = context.get('peer');
    const own = !context.get('admin');
    if (own && answer.scope.user === 'any') {
      throw new ApiFailure({ code: 'not-permitted', message: 'only administrators may answer for every user' });
    }
    return serve(context, await services.answer(uid, context.req.param('id'), answer, own));
  });
  app.get('/connections', async (context) => {
    const { q, ...filter } = parseQuery(logQuerySchema, context.req.query());
    return serve(context, await services.log({ ...filter, query: q }, visible(context)));
  });
  app.get('/connections/facets', async (context) => {
    const { q, fields, ...span } = parseQuery(facetsQuerySchema, context.req.query());
    return serve(context, await services.facets({ query: q, ...span }, fields, visible(context)));
  });
  app.get('/connections/groups', async (context) => {
    const { q, by, limit, since, until, ...then } = parseQuery(groupsQuerySchema, context.req.query());
    const { earlierSince, earlierUntil } = then;
    const compared = earlierSince !== undefined || earlierUntil !== undefined;
    const earlier = compared ? { since: earlierSince, until: earlierUntil } : undefined;
    return serve(context, await services.groups({ query: q, since, until }, { by, limit, earlier }, visible(context)));
  });
  app.get('/connections/:id', (context) =>
    serve(context, services.connection(context.req.param('id'), visible(context))),
  );
  app.get('/views', (context) => context.json(services.views.list(context.get('peer').uid)));
  app.put('/views/:name', async (context) => {
    const name = parseQuery(viewNameSchema, context.req.param('name'));
    return serve(context, services.views.keep(context.get('peer').uid, name, await body(context.req, viewSchema)));
  });
  app.delete('/views/:name', (context) =>
    serve(context, services.views.forget(context.get('peer').uid, context.req.param('name'))),
  );
  app.get('/apps', (context) => context.json(services.apps(visible(context))));
  app.get('/apps/:name', async (context) =>
    serve(context, await services.app(context.req.param('name'), visible(context))),
  );
  app.get('/names', async (context) => {
    const query = parseQuery(namesQuerySchema, context.req.query());
    return serve(context, await services.names(query, visible(context)));
  });
  app.get('/lists', (context) => context.json(services.lists.all()));
  app.post('/lists', administratorsOnly, async (context) => {
    const { name, ...definition } = await body(context.req, addListSchema);
    return serve(context, await services.lists.add(name, definition));
  });
  app.post('/lists/update', administratorsOnly, async (context) => {
    const { name } = await body(context.req, z.strictObject({ name: z.string().max(64).optional() }));
    return serve(context, await services.lists.update(name));
  });
  app.patch('/lists/:name', administratorsOnly, async (context) => {
    const change = await body(context.req, changeListSchema);
    return serve(context, await services.lists.change(context.req.param('name'), change));
  });
  app.delete('/lists/:name', administratorsOnly, async (context) =>
    serve(context, await services.lists.remove(context.req.param('name'))),
  );
  app.get('/lists/having', async (context) => {
    const { of } = parseQuery(z.strictObject({ of: z.string().min(1).max(255) }), context.req.query());
    return context.json(await services.lists.having(of));
  });
  app.get('/learnings', administratorsOnly, (context) => context.json(services.learning.list()));
  app.post('/learnings', administratorsOnly, async (context) => {
    const { subject, minutes } = await body(context.req, startLearningSchema);
    return serve(context, await services.learning.start(context.get('peer').uid, subject, minutes));
  });
  app.get('/learnings/:name', administratorsOnly, (context) =>
    serve(context, services.learning.review(context.req.param('name'))),
  );
  app.post('/learnings/:name/stop', administratorsOnly, async (context) =>
    serve(context, await services.learning.stop(context.get('peer').uid, context.req.param('name'))),
  );
  app.post('/learnings/:name/accept', administratorsOnly, async (context) => {
    const { rules } = await body(context.req, acceptLearnedSchema);
    return serve(context, await services.learning.accept(context.get('peer').uid, context.req.param('name'), rules));
  });
  app.delete('/learnings/:name', administratorsOnly, async (context) =>
    serve(context, await services.learning.forget(context.get('peer').uid, context.req.param('name'))),
  );
  app.get('/runs', (context) => context.json(services.runs.list(visible(context))));
  app.post('/runs', administratorsOnly, async (context) => {
    const request = await body(context.req, startRunSchema);
    return serve(context, await services.runs.start(context.get('peer'), request));
  });
  app.get('/runs/:id', async (context) =>
    serve(context, await services.runs.report(context.get('peer'), context.req.param('id'))),
  );
  app.post('/runs/:id/begun', async (context) =>
    serve(context, await services.runs.begun(context.get('peer'), context.req.param('id'))),
  );
  app.post('/runs/:id/end', async (context) =>
    serve(context, await services.runs.end(context.get('peer'), context.req.param('id'))),
  );
  app.get('/networks', async (context) => context.json(await services.networks.list()));
  app.patch('/networks/:network', administratorsOnly, async (context) => {
    const change = await body(context.req, changeNetworkSchema);
    return serve(
      context,
      await services.networks.change(context.get('peer').uid, context.req.param('network'), change),
    );
  });
  app.delete('/networks/:network', administratorsOnly, async (context) =>
    serve(context, await services.networks.forget(context.get('peer').uid, context.req.param('network'))),
  );
  app.get('/settings', (context) => context.json(services.chosen.list()));
  app.patch('/settings', administratorsOnly, async (context) => {
    const change = await body(context.req, changeSettingsSchema);
    return serve(context, await services.chosen.change(context.get('peer').uid, change));
  });
  app.post('/explain', async (context) => {
    const { where, ...attempt } = await body(context.req, explainRequestSchema);
    return context.json(await services.explain(attemptFromJson(attempt), visible(context), where));
  });
  app.post('/pages/links', async (context) => {
    const { browser } = await body(context.req, linkRequestSchema);
    return serve(context, services.pagesLink(context.get('peer'), browser));
  });
  app.get('/pages/passwords', (context) => context.json(services.accounts.passwords(visible(context))));
  app.put('/pages/passwords/:user', async (context) => {
    const { password } = await body(context.req, passwordRequestSchema);
    const user = parseQuery(userNameSchema, context.req.param('user'));
    return serve(context, await services.accounts.set(context.get('peer'), user, password));
  });
  app.delete('/pages/passwords/:user', (context) =>
    serve(context, services.accounts.remove(context.get('peer'), context.req.param('user'))),
  );
  app.get('/pages/sessions', (context) => context.json(services.accounts.sessions(visible(context))));
  app.delete('/pages/sessions/:id', (context) =>
    serve(context, services.accounts.endSession(context.req.param('id'), visible(context))),
  );
  app.get('/events', (context) => {
    const last = context.req.header('last-event-id');
    const after = last !== undefined && /^\d{1,15}$/.test(last) ? Number(last) : undefined;
    const uid = visible(context);
    return streamSSE(context, async (stream) => {
      const queue = new EventQueue();
      const stop = services.follow(after, uid, (event) => queue.push(event));
      stream.onAbort(() => {
        stop();
        queue.close();
      });
      for await (const event of queue) {
        await stream.writeSSE({ id: String(event.sequence), event: event.type, data: JSON.stringify(event) });
      }
    });
  });
  return app;
}
