// `until` of a rule as an instant.

const dayMs = 86_400_000;

/** Milliseconds since 1970 at which the rule stops to hold. A date alone holds to the end of that day; times without a zone are UTC. */
export function untilTime(until: string): number {
  if (/^\d{4}-\d\d-\d\d$/.test(until)) return Date.parse(until) + dayMs;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(until);
  const time = Date.parse(zoned ? until : `${until}Z`);
  return Number.isNaN(time) ? Date.parse(until) : time;
}
