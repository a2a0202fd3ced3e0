// Modes and fail modes: what becomes of the flows that no rule decides.

/**
 * `off` nothing attached; `observe` rules judged and recorded, nothing enforced; `allow` rules enforced, the rest allowed;
 * `ask` the rest asked, unanswered is rejected; `lockdown` the rest rejected.
 */
export const modes = ['off', 'observe', 'allow', 'ask', 'lockdown'] as const;
export type Mode = (typeof modes)[number];

/** Whether what the rules say is done, and not only recorded. */
export const enforces = (mode: Mode): boolean => mode !== 'off' && mode !== 'observe';

/**
 * What passes when nobody judges: `open` all but what the kernel itself refuses; `known` only what the kernel itself
 * allows (rules of user, group, cgroup, protocol, port and prefix) and flows already judged; `closed` only flows already judged.
 */
export const failModes = ['open', 'closed', 'known'] as const;
export type FailMode = (typeof failModes)[number];
