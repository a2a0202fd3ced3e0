// What each command prints with --json, as schemas: schema/commands.json is made of them, and the lab holds the commands to them.
import { z } from 'zod';
import {
  answeredSchema,
  appViewSchema,
  checkReportSchema,
  doctorReportSchema,
  explanationSchema,
  logLineSchema,
  pagesLinkSchema,
  promptViewSchema,
  ruleChangeSchema,
  ruleViewSchema,
  statusSchema,
  testReportSchema,
  undoneSchema,
  versionViewSchema,
} from '#model/api.ts';
import { exportReportSchema, importReportSchema } from '#model/exchange/reports.ts';
import { learningViewSchema, learnReviewSchema } from '#model/learn/learning.ts';
import { settingViewSchema } from '#model/machine/settings.ts';
import { listHitSchema, listViewSchema } from '#model/net/list.ts';
import { nameViewSchema } from '#model/net/nameview.ts';
import { networksSchema, networkViewSchema } from '#model/net/network.ts';
import { savedViewSchema } from '#model/query/view.ts';
import { appDetailsSchema } from '#model/shown/appdetails.ts';
import { rolledBackSchema, versionDifferenceSchema } from '#model/shown/difference.ts';
import { lintReportSchema } from '#model/shown/lint.ts';
import { appliedSchema, policyDifferenceSchema, policyPlanSchema } from '#model/shown/policyfiles.ts';
import { replayReportSchema } from '#model/shown/replay.ts';
import { ruleTextSchema, ruleTrialSchema } from '#model/shown/ruletext.ts';
import { selfTestSchema } from '#model/shown/selftest.ts';

export const outputs: Readonly<Record<string, z.ZodType>> = {
  status: statusSchema,
  'self-test': selfTestSchema,
  doctor: doctorReportSchema,
  log: z.array(logLineSchema),
  'log --follow': logLineSchema,
  apps: z.array(appViewSchema),
  'apps NAME': appDetailsSchema,
  names: z.array(nameViewSchema),
  'lists show': z.array(listViewSchema),
  'lists add': listViewSchema,
  'lists rm': z.null(),
  'lists update': z.array(listViewSchema),
  'lists enable': listViewSchema,
  'lists disable': listViewSchema,
  'lists test': z.array(listHitSchema),
  'learn list': z.array(learningViewSchema),
  'learn start': learningViewSchema,
  'learn stop': learningViewSchema,
  'learn review': learnReviewSchema,
  'learn accept': ruleChangeSchema,
  'learn forget': z.null(),
  'networks show': networksSchema,
  'networks name': networkViewSchema,
  'networks later': networkViewSchema,
  'networks forget': z.null(),
  'views show': z.array(savedViewSchema),
  'views keep': z.array(savedViewSchema),
  'views forget': z.array(savedViewSchema),
  'settings show': z.array(settingViewSchema),
  'settings set': z.array(settingViewSchema),
  'settings reset': z.array(settingViewSchema),
  rules: z.array(ruleViewSchema),
  'rule add': ruleChangeSchema,
  'rule edit': ruleChangeSchema,
  'rule rm': ruleChangeSchema,
  'rule enable': ruleChangeSchema,
  'rule disable': ruleChangeSchema,
  'rule show': ruleViewSchema,
  undo: undoneSchema,
  'rule text': ruleTextSchema,
  'rule try': ruleTrialSchema,
  history: z.array(versionViewSchema),
  'history diff': versionDifferenceSchema,
  'history rollback': rolledBackSchema,
  rollback: rolledBackSchema,
  'diff CHANGE': versionDifferenceSchema,
  'diff DIR': policyDifferenceSchema,
  plan: policyPlanSchema,
  apply: appliedSchema,
  prompts: z.array(promptViewSchema),
  answer: answeredSchema,
  explain: explanationSchema,
  check: checkReportSchema,
  test: testReportSchema,
  replay: replayReportSchema,
  lint: lintReportSchema,
  import: importReportSchema,
  export: exportReportSchema,
  mode: statusSchema,
  pause: statusSchema,
  ui: pagesLinkSchema,
};
