// Made-up times of learning for the fake server of the pages.
import type { LearningView, LearnReview } from '#model/learn/learning.ts';

export const madeLearnings = (now: number): LearningView[] => [
  {
    name: 'learning npm-cli.js',
    subject: { app: { script: '/usr/lib/node_modules/npm/bin/npm-cli.js' }, user: 'alice' },
    ...{ started: now - 240_000, ends: now + 360_000, by: 'alice', accepted: null, running: true },
    text: 'script /usr/lib/node_modules/npm/bin/npm-cli.js of user alice',
  },
  {
    name: 'learning nginx.service',
    subject: { app: { unit: 'nginx.service' } },
    ...{ started: now - 90_000_000, ends: now - 86_400_000, by: 'root', running: false },
    accepted: {
      time: now - 86_000_000,
      rules: ['nginx.service from internet 443/tcp', 'nginx.service to lan 5432/tcp'],
    },
    text: 'unit nginx.service',
  },
];

const place = (text: string, times: number, now: number) => ({
  ...{ place: text, services: ['443/tcp'], evidence: 'sni' as const, seen: [{ text, times }], of: 1, times },
  ...{ first: now - 200_000, last: now - 3000 },
});

export function madeReview(name: string, now: number): LearnReview | undefined {
  const learning = madeLearnings(now).find((one) => one.name === name);
  if (learning === undefined) return undefined;
  const rule = { name: 'npm-cli.js to registry.npmjs.org 443/tcp', action: 'allow', to: 'registry.npmjs.org' } as const;
  const proposals = [
    {
      rule,
      text: 'allow script /usr/lib/node_modules/npm/bin/npm-cli.js of user alice to registry.npmjs.org or .github.com on port 443/tcp',
      places: [
        place('registry.npmjs.org', 310, now),
        {
          ...place('.github.com', 9, now),
          seen: ['codeload', 'api', 'objects'].map((part) => ({ text: `${part}.github.com`, times: 3 })),
          of: 3,
        },
      ],
      times: 319,
    },
    {
      rule: { name: 'npm-cli.js to 192.0.2.77 8443/tcp', action: 'allow' as const, to: '192.0.2.77' },
      text: 'allow script /usr/lib/node_modules/npm/bin/npm-cli.js of user alice to 192.0.2.77 on port 8443/tcp',
      places: [{ ...place('192.0.2.77', 1, now), services: ['8443/tcp'], evidence: null }],
      times: 1,
    },
  ];
  const since = learning.accepted && {
    departures: proposals.slice(1),
    unused: ['nginx.service to lan 5432/tcp'],
  };
  return {
    ...{ learning, proposals, connections: 323, leftOut: 0, since },
    unsaid: [{ text: 'The program is not known.', times: 3 }],
  };
}
