// What Postern costs a machine that does nothing: memory of its processes, processor time and wake-ups of a minute without traffic,
// in network namespaces: `sudo script/bench idle`. SECONDS changes the minute.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from '../test/lab/lab.ts';
import { ticksOf } from './parts/ticks.ts';

const seconds = Number(process.env.SECONDS ?? 60);
/** Until what is done once after the start is done. */
const settleMs = 30_000;
/** USER_HZ, as every architecture that Postern runs on has it. */
const ticksPerSecond = 100;

const lab = await Lab.create();
const postern = await lab.postern({ mode: 'ask' });
// As where somebody has looked at it.
await postern.json(['status']);
await sleep(settleMs);

const processes = { supervisor: postern.pid, gate: postern.child('gate'), control: postern.child('control') };

/** Proportional set size in MB (proc_pid_smaps(5)), ticks used, and how often its threads slept and were woken since their start. */
function lookAt(pid: number): { megabytes: number; ticks: number; wakeUps: number } {
  const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  const wakeUps = readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    return sum + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  }, 0);
  return { megabytes: Number(pss) / 1024, ticks: ticksOf(pid), wakeUps };
}

const before = Object.entries(processes).map(([name, pid]) => ({ name, pid, ...lookAt(pid) }));
await sleep(seconds * 1000);
let together = 0;
for (const { name, pid, ticks, wakeUps } of before) {
  const now = lookAt(pid);
  const used = (now.ticks - ticks) / ticksPerSecond / seconds;
  const woken = (now.wakeUps - wakeUps) / seconds;
  if (name !== 'supervisor') together += now.megabytes;
  console.log(
    `${name}: ${now.megabytes.toFixed(1)} MB, ${(used * 100).toFixed(2)} % of a processor, woken ${woken.toFixed(1)} times a second`,
  );
}
console.log(`gate and control together: ${together.toFixed(1)} MB (budget ≤ 120 MB)`);
await postern.stop();
await lab.close();
process.exit(0);
