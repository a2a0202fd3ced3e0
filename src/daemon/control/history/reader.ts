// Fills the columns from the journal, and follows it: each time only what came since.
import type { DatabaseSync } from 'node:sqlite';
import { Columns, type Row } from '#store/columns/columns.ts';

const rowsBehind = `SELECT sequence, id, time, app, path, uid, name, address, service, protocol, direction, country, network, rule, reason,
  action, enforced, own, bytes_out, bytes_in FROM connections INDEXED BY connections_asked WHERE sequence > ? ORDER BY sequence`;

const text = (value: unknown): string => (value === null ? '' : String(value));
const yesNo = (value: unknown): string => (value === 1 ? 'yes' : 'no');

function rowOf(values: readonly unknown[]): Row {
  const [sequence, id, time, app, path, uid, name, address, port, proto, direction, ...more] = values;
  const [country, network, rule, by, verdict, enforced, own, bytesOut, bytesIn] = more;
  return {
    sequence: sequence as number,
    id: id as string,
    time: time as number,
    bytes: bytesOut === null && bytesIn === null ? Number.NaN : Number(bytesOut) + Number(bytesIn),
    ...{ app: text(app), path: text(path), user: text(uid), name: text(name), address: text(address) },
    ...{ port: text(port), proto: text(proto), direction: text(direction), country: text(country), as: text(network) },
    ...{ rule: text(rule), by: text(by), verdict: text(verdict), enforced: yesNo(enforced), own: yesNo(own) },
  };
}

export class ColumnReader {
  readonly columns = new Columns();
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** As many as the journal has beyond what is known. */
  catchUp(): void {
    const statement = this.#database.prepare(rowsBehind);
    statement.setReturnArrays(true);
    for (const values of statement.iterate(this.columns.last)) this.columns.add(rowOf(values as unknown as unknown[]));
  }
}
