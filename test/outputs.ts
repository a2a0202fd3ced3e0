// What each command prints with --json, as schemas: schema/commands.json is made of them, and the lab holds the commands to them.
import { z } from 'zod';
import {
  answeredSchema,
  appViewSchema,
  checkReportSchema,
  doctorReportSchema,
  explanationSchema,
  logLineSchema,
  promptViewSchema,
  ruleChangeSchema,
  ruleViewSchema,
  statusSchema,
  testReportSchema,
  undoneSchema,
  versionViewSchema,
} from '#model/api.ts';
import { nameViewSchema } from '#model/net/nameview.ts';

export const outputs: Readonly<Record<string, z.ZodType>> = {
  status: statusSchema,
  doctor: doctorReportSchema,
  log: z.array(logLineSchema),
  'log --follow': logLineSchema,
  apps: z.array(appViewSchema),
  names: z.array(nameViewSchema),
  rules: z.array(ruleViewSchema),
  'rule add': ruleChangeSchema,
  'rule edit': ruleChangeSchema,
  'rule rm': ruleChangeSchema,
  'rule enable': ruleChangeSchema,
  'rule disable': ruleChangeSchema,
  'rule show': ruleViewSchema,
  undo: undoneSchema,
  history: z.array(versionViewSchema),
  prompts: z.array(promptViewSchema),
  answer: answeredSchema,
  explain: explanationSchema,
  check: checkReportSchema,
  test: testReportSchema,
  mode: statusSchema,
  pause: statusSchema,
};
