// `nft -j list ruleset`: libnftables-json(5).
import type { NftRule, NftTable, Piece } from './nftpieces.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** Undefined where it is no such JSON. */
export function readNftJson(source: string, file: string): NftTable[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch {
    return undefined;
  }
  if (!isObject(json) || !Array.isArray(json.nftables)) return undefined;
  const tables = new Map<string, NftTable>();
  const tableOf = (family: unknown, name: unknown): NftTable => {
    const key = `${text(family)} ${text(name)}`;
    const known = tables.get(key) ?? { family: text(family), name: text(name), chains: new Map(), sets: new Map() };
    tables.set(key, known);
    return known;
  };
  for (const item of json.nftables) {
    if (!isObject(item)) continue;
    const { chain, rule, set } = item;
    if (isObject(chain)) {
      tableOf(chain.family, chain.table).chains.set(text(chain.name), {
        name: text(chain.name),
        from: `${file}: chain ${text(chain.table)} ${text(chain.name)}`,
        type: chain.type === undefined ? undefined : text(chain.type),
        hook: chain.hook === undefined ? undefined : text(chain.hook),
        priority: Number(text(chain.prio)) || 0,
        policy: text(chain.policy) || 'accept',
        rules: [],
      });
    } else if (isObject(set)) {
      const own = set.flags === undefined ? [] : [set.flags].flat();
      const changes = own.includes('dynamic') || own.includes('timeout');
      const elements = Array.isArray(set.elem) ? set.elem.map(valueText) : [];
      tableOf(set.family, set.table).sets.set(
        text(set.name),
        changes || elements.some((one) => one === undefined) ? undefined : (elements as string[]),
      );
    } else if (isObject(rule)) {
      const table = tableOf(rule.family, rule.table);
      table.chains.get(text(rule.chain))?.rules.push(ruleOf(rule, file));
    }
  }
  return [...tables.values()];
}

function ruleOf(rule: Json, file: string): NftRule {
  const pieces: Piece[] = [];
  let verdict: string | undefined;
  let wrong: string | undefined;
  for (const item of Array.isArray(rule.expr) ? rule.expr : []) {
    const [key = '', value] = isObject(item) ? (Object.entries(item)[0] ?? []) : [];
    if (key === 'match' && isObject(value)) {
      const piece = pieceOf(value);
      if (piece === undefined)
        wrong ??= `${JSON.stringify(value).slice(0, 120)} asks for something that no rule can ask for`;
      else pieces.push(piece);
    } else if (key === 'accept' || key === 'drop' || key === 'return' || key === 'reject') verdict = key;
    else if (key === 'jump' && isObject(value)) verdict = `jump ${text(value.target)}`;
    else if (key !== 'counter' && key !== 'log') wrong ??= `"${key}" has no counterpart in rules`;
  }
  const comment = typeof rule.comment === 'string' ? rule.comment : undefined;
  return { from: `${file}: ${text(rule.chain)} handle ${text(rule.handle)}`, pieces, verdict, comment, wrong };
}

function pieceOf({ op, left, right }: Json): Piece | undefined {
  if (op !== '==' && op !== '!=' && op !== 'in') return undefined;
  const name = leftOf(left);
  const items = isObject(right) && Array.isArray(right.set) ? right.set : Array.isArray(right) ? right : [right];
  const values = items.map(valueText);
  if (name === undefined || values.some((value) => value === undefined)) return undefined;
  return { left: name, not: op === '!=', values: values as string[] };
}

function leftOf(left: unknown): string | undefined {
  if (!isObject(left)) return undefined;
  const { payload, meta, ct, socket } = left;
  if (isObject(payload)) return `${text(payload.protocol)} ${text(payload.field)}`;
  if (isObject(meta)) return `meta ${text(meta.key)}`;
  if (isObject(ct)) return `ct ${text(ct.key)}`;
  return isObject(socket) ? `socket ${text(socket.key)}` : undefined;
}

function valueText(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (!isObject(value)) return undefined;
  if (isObject(value.elem)) return valueText(value.elem.val);
  if (isObject(value.prefix)) return `${text(value.prefix.addr)}/${text(value.prefix.len)}`;
  if (Array.isArray(value.range)) return value.range.map(text).join('-');
  return undefined;
}
