// The OpenAPI document, made of the schemas that the API checks with.
import { z } from 'zod';
import {
  addRuleSchema,
  answeredSchema,
  appViewSchema,
  changeRuleSchema,
  doctorReportSchema,
  errorSchema,
  eventViewSchema,
  explainRequestSchema,
  explanationSchema,
  linkRequestSchema,
  loginSchema,
  logLineSchema,
  modePreviewSchema,
  modeRequestSchema,
  pagesLinkSchema,
  pagesSessionSchema,
  promptViewSchema,
  ruleChangeSchema,
  ruleViewSchema,
  statusSchema,
  undoneSchema,
  versionViewSchema,
} from '#model/api.ts';
import {
  acceptLearnedSchema,
  learningViewSchema,
  learnReviewSchema,
  startLearningSchema,
} from '#model/learn/learning.ts';
import { changeSettingsSchema, settingViewSchema } from '#model/machine/settings.ts';
import { addListSchema, changeListSchema, listHitSchema, listViewSchema } from '#model/net/list.ts';
import { nameViewSchema } from '#model/net/nameview.ts';
import { changeNetworkSchema, networksSchema, networkViewSchema } from '#model/net/network.ts';
import {
  passwordLoginSchema,
  passwordRequestSchema,
  passwordViewSchema,
  sessionViewSchema,
} from '#model/pages/login.ts';
import { answerSchema } from '#model/prompt.ts';
import { facetsSchema, groupsSchema, previewRequestSchema, rulePreviewSchema } from '#model/query/history.ts';
import { savedViewSchema, viewSchema } from '#model/query/view.ts';
import { runReportSchema, runViewSchema, startRunSchema } from '#model/run/run.ts';
import { appDetailsSchema } from '#model/shown/appdetails.ts';
import { differenceQuerySchema, rolledBackSchema, versionDifferenceSchema } from '#model/shown/difference.ts';
import { appliedSchema, applyFilesSchema, policyFilesSchema } from '#model/shown/policyfiles.ts';
import { ruleTextSchema, ruleTrialSchema, tryRuleSchema } from '#model/shown/ruletext.ts';
import { selfTestSchema } from '#model/shown/selftest.ts';
import { facetsQuerySchema, groupsQuerySchema, logQuerySchema, namesQuerySchema } from './queries.ts';

interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  /** What a good answer is; left out: a JSON document of another kind. */
  readonly answer?: z.ZodType;
  readonly stream?: true;
}

/** Every route of app.ts, in its order; a test holds the two together. */
export const operations: readonly Operation[] = [
  { method: 'get', path: '/openapi.json', summary: 'This document.' },
  { method: 'get', path: '/status', summary: 'What Postern is doing.', answer: statusSchema },
  {
    method: 'post',
    path: '/self-test',
    summary: 'Try a connection that a rule refuses and one that a rule allows.',
    answer: selfTestSchema,
  },
  { method: 'get', path: '/doctor', summary: 'What this machine can and cannot do.', answer: doctorReportSchema },
  { method: 'get', path: '/rules', summary: 'All rules in the order of evaluation.', answer: z.array(ruleViewSchema) },
  { method: 'post', path: '/rules', summary: 'Add a rule.', body: addRuleSchema, answer: ruleChangeSchema },
  {
    method: 'post',
    path: '/rules/preview',
    summary: 'What a rule would have done with the connections of the last days.',
    body: previewRequestSchema,
    answer: rulePreviewSchema,
  },
  {
    method: 'post',
    path: '/rules/try',
    summary: 'What a rule would mean before it is kept: what is wrong, where it stands, what it decides.',
    body: tryRuleSchema,
    answer: ruleTrialSchema,
  },
  {
    method: 'get',
    path: '/rules/{name}/text',
    summary: 'A rule as its file has it, comments and all.',
    answer: ruleTextSchema,
  },
  {
    method: 'patch',
    path: '/rules/{name}',
    summary: 'Replace a rule, or switch it on or off.',
    body: changeRuleSchema,
    answer: ruleChangeSchema,
  },
  { method: 'delete', path: '/rules/{name}', summary: 'Remove a rule.', answer: ruleChangeSchema },
  {
    method: 'post',
    path: '/undo',
    summary: 'Put back what was before the last change, or before the given version.',
    body: z.strictObject({ version: z.int().min(1).optional() }),
    answer: undoneSchema,
  },
  {
    method: 'get',
    path: '/history',
    summary: 'The changes of rules, newest first.',
    answer: z.array(versionViewSchema),
  },
  {
    method: 'get',
    path: '/history/{id}/difference',
    summary: 'What a change of rules did, or what is different between it and another, or now.',
    query: differenceQuerySchema,
    answer: versionDifferenceSchema,
  },
  {
    method: 'post',
    path: '/history/{id}/rollback',
    summary: 'Have the rules again as a change left them.',
    answer: rolledBackSchema,
  },
  {
    method: 'get',
    path: '/policy',
    summary: 'The rule files, and what names their state.',
    answer: policyFilesSchema,
  },
  {
    method: 'put',
    path: '/policy',
    summary: 'Put these rule files in the place of all there are, in one change.',
    body: applyFilesSchema,
    answer: appliedSchema,
  },
  { method: 'post', path: '/reload', summary: 'Read the rule files again.', answer: z.null() },
  {
    method: 'put',
    path: '/mode',
    summary: 'Change the mode, pause, confirm.',
    body: modeRequestSchema,
    answer: statusSchema,
  },
  {
    method: 'get',
    path: '/mode/lockdown',
    summary: 'What lockdown would have refused in the last 7 days.',
    answer: modePreviewSchema,
  },
  { method: 'get', path: '/prompts', summary: 'The open questions, oldest first.', answer: z.array(promptViewSchema) },
  {
    method: 'post',
    path: '/prompts/{id}/answer',
    summary: 'Answer a question.',
    body: answerSchema,
    answer: answeredSchema,
  },
  {
    method: 'get',
    path: '/connections',
    summary: 'The log: newest first, or with `after` oldest first.',
    query: logQuerySchema,
    answer: z.array(logLineSchema),
  },
  {
    method: 'get',
    path: '/connections/facets',
    summary: 'How many connections a query means, and how many there are of each value of each field.',
    query: facetsQuerySchema,
    answer: facetsSchema,
  },
  {
    method: 'get',
    path: '/connections/groups',
    summary: 'The connections of a query together by a field; with `earlierSince` compared with another time.',
    query: groupsQuerySchema,
    answer: groupsSchema,
  },
  { method: 'get', path: '/connections/{id}', summary: 'One connection.', answer: logLineSchema },
  { method: 'get', path: '/views', summary: "The asker's views of History.", answer: z.array(savedViewSchema) },
  {
    method: 'put',
    path: '/views/{name}',
    summary: 'Keep a view of History under a name, in the place of another of this name.',
    body: viewSchema,
    answer: z.array(savedViewSchema),
  },
  { method: 'delete', path: '/views/{name}', summary: 'Forget a view.', answer: z.array(savedViewSchema) },
  { method: 'get', path: '/apps', summary: 'The apps that were seen.', answer: z.array(appViewSchema) },
  {
    method: 'get',
    path: '/apps/{name}',
    summary: 'One app: its files, its days, whom it spoke to, which rules can decide about it, where it listens.',
    answer: appDetailsSchema,
  },
  {
    method: 'get',
    path: '/names',
    summary: 'What addresses are called, for whom, and by which evidence.',
    query: namesQuerySchema,
    answer: z.array(nameViewSchema),
  },
  { method: 'get', path: '/lists', summary: 'The block lists.', answer: z.array(listViewSchema) },
  { method: 'post', path: '/lists', summary: 'Add a list.', body: addListSchema, answer: listViewSchema },
  {
    method: 'post',
    path: '/lists/update',
    summary: 'Ask for a list anew, or for all of them.',
    body: z.strictObject({ name: z.string().optional() }),
    answer: z.array(listViewSchema),
  },
  {
    method: 'patch',
    path: '/lists/{name}',
    summary: 'Switch a list, or one of its entries, on or off.',
    body: changeListSchema,
    answer: listViewSchema,
  },
  { method: 'delete', path: '/lists/{name}', summary: 'Take a list away.', answer: z.null() },
  {
    method: 'get',
    path: '/lists/having',
    summary: 'Which lists have a name or address, and on which line.',
    query: z.strictObject({ of: z.string() }),
    answer: z.array(listHitSchema),
  },
  { method: 'get', path: '/learnings', summary: 'The times of learning.', answer: z.array(learningViewSchema) },
  {
    method: 'post',
    path: '/learnings',
    summary: 'Allow for a while what no rule refuses, to make rules of it.',
    body: startLearningSchema,
    answer: learningViewSchema,
  },
  {
    method: 'get',
    path: '/learnings/{name}',
    summary: 'The rules that would cover what was learned, and what differs since they were accepted.',
    answer: learnReviewSchema,
  },
  { method: 'post', path: '/learnings/{name}/stop', summary: 'End it now.', answer: learningViewSchema },
  {
    method: 'post',
    path: '/learnings/{name}/accept',
    summary: 'End it, and add these rules in its place.',
    body: acceptLearnedSchema,
    answer: ruleChangeSchema,
  },
  { method: 'delete', path: '/learnings/{name}', summary: 'Take it off the list.', answer: z.null() },
  { method: 'get', path: '/runs', summary: 'Commands that are confined.', answer: z.array(runViewSchema) },
  {
    method: 'post',
    path: '/runs',
    summary: 'Confine what the asking process starts from now on.',
    body: startRunSchema,
    answer: runViewSchema,
  },
  { method: 'get', path: '/runs/{id}', summary: 'What it tried so far.', answer: runReportSchema },
  {
    method: 'post',
    path: '/runs/{id}/begun',
    summary: 'The asking process goes back to its cgroup.',
    answer: z.null(),
  },
  {
    method: 'post',
    path: '/runs/{id}/end',
    summary: 'It has ended; what it left is confined on.',
    answer: runReportSchema,
  },
  {
    method: 'get',
    path: '/networks',
    summary: 'The networks that the machine was on, and which it is on now.',
    answer: networksSchema,
  },
  {
    method: 'patch',
    path: '/networks/{network}',
    summary: 'Say what a network is, by its id or name.',
    body: changeNetworkSchema,
    answer: networkViewSchema,
  },
  { method: 'delete', path: '/networks/{network}', summary: 'Forget a network.', answer: z.null() },
  {
    method: 'get',
    path: '/settings',
    summary: 'What is set, and how it is changed.',
    answer: z.array(settingViewSchema),
  },
  {
    method: 'patch',
    path: '/settings',
    summary: 'Set something while Postern runs; null is as it comes.',
    body: changeSettingsSchema,
    answer: z.array(settingViewSchema),
  },
  {
    method: 'post',
    path: '/explain',
    summary: 'What the policy says of an attempt, and why.',
    body: explainRequestSchema,
    answer: explanationSchema,
  },
  {
    method: 'post',
    path: '/pages/links',
    summary: 'Make a link that logs a browser in, once; on the Unix socket alone.',
    body: linkRequestSchema,
    answer: pagesLinkSchema,
  },
  {
    method: 'get',
    path: '/pages/passwords',
    summary: 'Which accounts may log in from other machines.',
    answer: z.array(passwordViewSchema),
  },
  {
    method: 'put',
    path: '/pages/passwords/{user}',
    summary: 'Set the password of an account; on the Unix socket alone.',
    body: passwordRequestSchema,
    answer: passwordViewSchema,
  },
  {
    method: 'delete',
    path: '/pages/passwords/{user}',
    summary: 'Take it away, and end the sessions that it opened.',
    answer: z.null(),
  },
  {
    method: 'get',
    path: '/pages/sessions',
    summary: 'The browsers that are logged in, the newest first.',
    answer: z.array(sessionViewSchema),
  },
  {
    method: 'delete',
    path: '/pages/sessions/{id}',
    summary: 'Log one out, or with `all` every one that the asker may see.',
    answer: z.null(),
  },
  {
    method: 'get',
    path: '/events',
    summary: 'What happens, as server-sent events; Last-Event-ID goes on where a reader stopped.',
    answer: eventViewSchema,
    stream: true,
  },
];

/** What pages/app.ts has beside them, for browsers alone. */
export const browserOperations: readonly Operation[] = [
  { method: 'get', path: '/pages/session', summary: 'Who is logged in.', answer: pagesSessionSchema },
  {
    method: 'post',
    path: '/pages/session',
    summary: 'Log in with the token of a link; the answer sets the cookie.',
    body: loginSchema,
    answer: pagesSessionSchema,
  },
  { method: 'delete', path: '/pages/session', summary: 'Log out.', answer: z.null() },
  {
    method: 'post',
    path: '/pages/password',
    summary: 'Log in with a password, from another machine; the answer sets the cookies.',
    body: passwordLoginSchema,
    answer: pagesSessionSchema,
  },
];

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

function parameters({ path, query }: Operation): object[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  if (query === undefined) return inPath;
  const { properties = {} } = schemaOf(query);
  return [...inPath, ...Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))];
}

function describe(operation: Operation): object {
  const { summary, body, answer, stream } = operation;
  const type = stream === true ? 'text/event-stream' : 'application/json';
  return {
    summary,
    parameters: parameters(operation),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: {
      200: { description: 'Done.', content: { [type]: { schema: answer === undefined ? {} : schemaOf(answer) } } },
      default: { description: 'Not done.', content: { 'application/json': { schema: schemaOf(errorSchema) } } },
    },
  };
}

export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of [...operations, ...browserOperations]) {
    const path = `/api/v1${operation.path}`;
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Postern',
      version: '1',
      description:
        'The API of the Postern application firewall, on the Unix socket /run/postern/postern.sock and, for browsers that are ' +
        'logged in, on http://127.0.0.1:7878; there what changes something needs the header Postern-Request: 1.',
    },
    paths,
  };
}
