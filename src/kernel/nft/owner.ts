// Whether the table with our name is ours to replace.
import { fail, ok, type Result } from '#std/result.ts';
import { runNft } from './program.ts';
import { ownerMark, removeTable, tableName } from './table.ts';

/** `absent`, `ours`, or an error that says whose table is in the way and what to do. */
export async function tableOwner(): Promise<Result<'absent' | 'ours'>> {
  const tables = await runNft(['list', 'tables', 'inet']);
  if (!tables.ok) return tables;
  if (!tables.value.split('\n').includes(`table inet ${tableName}`)) return ok('absent');
  const chain = await runNft(['list', 'chain', 'inet', tableName, ownerMark]);
  if (chain.ok) return ok('ours');
  return fail(
    `an nftables table "inet ${tableName}" that Postern did not make is in the way; ` +
      `rename it, or remove it with: nft delete table inet ${tableName}`,
  );
}

/** Takes our table away if there is one; a foreign one stays. */
export async function removeOwnTable(): Promise<Result<void>> {
  const owner = await tableOwner();
  if (!owner.ok || owner.value === 'absent') return ok(undefined);
  const removed = await runNft(['-f', '-'], removeTable());
  return removed.ok ? ok(undefined) : removed;
}
