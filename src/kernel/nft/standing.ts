// Our table as it stands in the kernel: put up, exchanged and taken down, each in one transaction.
import { createHash } from 'node:crypto';
import type { QueueKind } from '#model/status.ts';
import { fail, ok, type Result } from '#std/result.ts';
import type { KernelPlan } from '../port.ts';
import { elsewhereChain } from './confined.ts';
import type { Marks } from './marks.ts';
import { renderObserveTable } from './observetable.ts';
import { removeOwnTable, tableOwner } from './owner.ts';
import { applyNft, runNft } from './program.ts';
import { type ChainPrograms, isWoken, planMark, renderRules, renderTable, type TablePlan, tableName } from './table.ts';
import { wakeTable } from './wake.ts';

const noRules = { output: [], input: [], forward: [] } as const;

/** Names the table's construction, apart from the rules in it: a gate that finds its own keeps it standing. */
function fingerprint(plan: TablePlan): string {
  return createHash('sha256')
    .update(renderTable({ ...plan, kernelRules: noRules, listens: false, confined: [] }, ''))
    .update(plan.programs?.build ?? '')
    .digest('hex')
    .slice(0, 16);
}

async function chainStands(name: string): Promise<boolean> {
  return (await runNft(['list', 'chain', 'inet', tableName, name])).ok;
}

export class Table {
  readonly #marks: Marks;
  readonly #queueNumber: number;
  readonly #programs: ChainPrograms | undefined;
  readonly #scope: string | undefined;
  /** What this kernel can do; found out by trying. */
  #kind: 'native' | 'compat' | undefined;
  #standing: 'none' | 'observe' | 'enforce' = 'none';
  counts = { rateLimited: 0, refused: 0 };

  constructor({
    marks,
    queueNumber,
    programs,
    scope,
  }: Pick<TablePlan, 'marks' | 'queueNumber' | 'programs' | 'scope'>) {
    this.#scope = scope;
    this.#marks = marks;
    this.#queueNumber = queueNumber;
    this.#programs = programs;
  }

  get queueKind(): QueueKind {
    return this.#standing === 'enforce' ? (this.#kind ?? 'none') : 'none';
  }

  async stand(plan: KernelPlan): Promise<Result<void>> {
    if (plan.mode === 'off') return this.remove();
    const owner = await tableOwner();
    if (!owner.ok) return owner;
    const done = plan.mode === 'observe' ? await this.#observe() : await this.#enforce(plan);
    if (done.ok) this.#standing = plan.mode === 'observe' ? 'observe' : 'enforce';
    return done;
  }

  async #observe(): Promise<Result<void>> {
    // Put up again, it would copy the first packets of all flows once more.
    return this.#standing === 'observe'
      ? ok(undefined)
      : applyNft(renderObserveTable({ names: this.#programs === undefined }));
  }

  async #enforce(plan: KernelPlan): Promise<Result<void>> {
    const kinds = this.#kind === undefined ? (['native', 'compat'] as const) : [this.#kind];
    const tables = kinds.map((queue): TablePlan & { readonly queue: typeof queue } => ({
      ...{ ...plan, marks: this.#marks, queueNumber: this.#queueNumber },
      ...{ queue, programs: this.#programs, scope: this.#scope },
      ...(this.#programs !== undefined && { confined: [] }),
    }));
    // Looked for before anything is tried: a table that is taken down, even by a transaction that fails, takes the packets
    // with it that are held (nf_queue_nf_hook_drop).
    for (const table of tables) {
      if (await this.#stands(table)) return this.#standsAs(table.queue, await this.#exchange(table));
    }
    let last: Result<void> = fail('no way to queue packets was tried');
    for (const table of tables) {
      last = this.#standsAs(table.queue, await this.#putUp(table));
      if (last.ok) return last;
    }
    return last;
  }

  #standsAs(kind: 'native' | 'compat', done: Result<void>): Result<void> {
    if (done.ok) this.#kind = kind;
    return done;
  }

  async #exchange(table: TablePlan): Promise<Result<void>> {
    // Where programs know who is confined there never is one.
    const elsewhere = this.#programs === undefined && (await chainStands(elsewhereChain));
    return applyNft(renderRules({ ...table, elsewhere }));
  }

  async #stands(plan: TablePlan): Promise<boolean> {
    return chainStands(planMark(fingerprint(plan)));
  }

  async #putUp(plan: TablePlan): Promise<Result<void>> {
    const text = renderTable(plan, fingerprint(plan));
    const applied = await applyNft(text);
    if (!applied.ok || !isWoken(plan)) return applied;
    const woken = wakeTable(plan);
    if (!woken.ok) await removeOwnTable();
    return woken;
  }

  async refresh(): Promise<void> {
    if (this.#standing !== 'enforce') return;
    const listed = await runNft(['list', 'counters', 'table', 'inet', tableName]);
    if (!listed.ok) return;
    const packets = (name: string) =>
      Number(new RegExp(`counter ${name} \\{\\s*packets (\\d+)`).exec(listed.value)?.[1] ?? 0);
    this.counts = { rateLimited: packets('rate_limited'), refused: packets('refused') + packets('remembered') };
  }

  async remove(): Promise<Result<void>> {
    const removed = await removeOwnTable();
    if (removed.ok) this.#standing = 'none';
    return removed;
  }
}
