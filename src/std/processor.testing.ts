// What a computation costs, whatever else the machine does meanwhile.

/** Milliseconds of processor time of this process. */
export function processorMs(run: () => void): number {
  const begun = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}
