// The walk through a tree that notes why no clause before a given rank matches. It goes the way of `walk` in compile/tree.ts.
import type { Address } from '#model/net/address.ts';
import { scopes } from '#model/net/scope.ts';
import type { Clause } from '../compile/clause.ts';
import { type Criterion, fulfils } from '../compile/criterion.ts';
import { dimension } from '../compile/keys.ts';
import { type Entry, type KeyTable, keyOf, type Node } from '../compile/tree.ts';
import { textFields, type View } from '../compile/view.ts';
import { isIcmp } from '../match/protocol.ts';
import type { Notes, Reason } from './consulted.ts';
import {
  ancestorsReason,
  groupsReason,
  matchReason,
  missReason,
  namesReason,
  pidReason,
  placeReason,
  reasonOf,
  scopeReason,
  tableReason,
  textReason,
} from './reason.ts';

/**
 * Where a node files many clauses, the look-up in its table is noted: it settles all of them at once. Where there are few,
 * each is looked at. Which of its tests one fails by can often be chosen, so these wait until everything else is noted,
 * and then the choice falls on what is noted already, or else on what makes an entry of the cache least narrow.
 */
export class NotingWalk {
  readonly #view: View;
  readonly #notes: Notes;
  readonly #now: number;
  readonly #waiting: (readonly Criterion[])[] = [];

  constructor(view: View, notes: Notes, now: number) {
    this.#view = view;
    this.#notes = notes;
    this.#now = now;
  }

  /** This clause matches. */
  matches(clause: Clause): void {
    this.#notes.until(clause.rule.expires);
    for (const test of clause.tests) this.#notes.note(matchReason(test, this.#view));
  }

  /** No clause of the tree below this rank matches. */
  none(root: Node | undefined, limit: number): void {
    if (root !== undefined) this.#walk(root, limit, undefined);
  }

  /** Which rules of the tree match, each by the first of its clauses that does. */
  each(root: Node | undefined): void {
    if (root !== undefined) this.#walk(root, Infinity, new Set());
  }

  /** To be called last: notes the cheapest reason of each clause that waits. */
  settle(): void {
    for (const tests of this.#waiting) this.#noteCheapest(tests);
  }

  /** Of the reasons why one of these tests does not hold, the one that adds least to what is noted. */
  #noteCheapest(tests: readonly Criterion[]): void {
    let best: Reason | undefined;
    let least = Infinity;
    for (const test of tests) {
      if (fulfils(test, this.#view)) continue;
      const reason = missReason(test, this.#view);
      const cost = this.#notes.cost(reason);
      if (cost === 0) return;
      if (cost < least) [best, least] = [reason, cost];
    }
    if (best !== undefined) this.#notes.note(best);
  }

  #walk(root: Node, limit: number, names: Set<string> | undefined): void {
    for (let node: Node | undefined = root; node !== undefined; node = node.rest) {
      if (node.least >= limit) return;
      if (node.few !== undefined) {
        this.#each(node.few, limit, names);
        return;
      }
      if (node.leastFiled >= limit) continue;
      if (node.byKey !== undefined) this.#keys(node.dim, node.byKey, limit, names);
      else if (node.byPrefix !== undefined) {
        const remote = node.dim === dimension.remotePrefix;
        const address = this.#view.address(remote ? 0 : 1);
        if (remote) this.#notes.note(tableReason(node.byPrefix.bits(address as Address)));
        else this.#notes.note(reasonOf('flow.local.address'));
        if (address === undefined) continue;
        for (let entry = node.byPrefix.find(address); entry !== undefined; entry = entry.wider) {
          this.#walk(entry.value, limit, names);
        }
      }
    }
  }

  #each(entries: readonly Entry[], limit: number, names: Set<string> | undefined): void {
    for (const { rank, expires, tests, clause } of entries) {
      if (rank >= limit) return;
      if (expires <= this.#now || names?.has(clause.rule.name)) continue;
      let failing = 0;
      let last: Criterion | undefined;
      for (const test of tests) {
        if (fulfils(test, this.#view)) continue;
        failing++;
        last = test;
      }
      if (failing > 1) this.#waiting.push(tests);
      else if (last !== undefined) this.#notes.note(missReason(last, this.#view));
      else if (names !== undefined) {
        names.add(clause.rule.name);
        this.matches(clause);
      } else throw new Error(`a clause of "${clause.rule.name}" matches before the one that decides`);
    }
  }

  #keys(dim: number, byKey: KeyTable, limit: number, names: Set<string> | undefined): void {
    const view = this.#view;
    const notes = this.#notes;
    const child = (key: number) => {
      const node = byKey.get(key);
      if (node !== undefined) this.#walk(node, limit, names);
    };
    if (dim < textFields.length) {
      notes.note(textReason(dim, view));
      view.text(dim)?.list.forEach(child);
      return;
    }
    switch (dim) {
      case dimension.ancestor:
        notes.note(ancestorsReason(view));
        for (const name of view.process.ancestors ?? []) view.ancestor(name)?.list.forEach(child);
        return;
      case dimension.name:
        notes.note(namesReason(view));
        view.names().list.forEach(child);
        return;
      case dimension.country:
      case dimension.network:
        notes.note(placeReason(view));
        break;
      case dimension.group:
        notes.note(groupsReason(view));
        view.process.groups?.forEach(child);
        return;
      case dimension.remoteScope:
        for (const scope of scopes.keys()) {
          if ((byKey.get(scope)?.least ?? Infinity) < limit) notes.note(scopeReason(scope, view));
        }
        break;
      case dimension.icmp:
        // What is filed here asks for ICMP as well.
        if (!isIcmp(view.protocol)) {
          notes.note(reasonOf('flow.protocol'));
          return;
        }
        notes.note(reasonOf('flow.icmp'));
        break;
      case dimension.remotePort:
      case dimension.localPort:
        // And here for a protocol with ports.
        if (!view.hasPorts) {
          notes.note(reasonOf('flow.protocol'));
          return;
        }
        notes.note(reasonOf(dim === dimension.remotePort ? 'flow.remote.port' : 'flow.local.port'));
        break;
      case dimension.pid:
        notes.note(pidReason(view));
        break;
      case dimension.uid:
        notes.note(reasonOf('process.uid', view.process.uid !== undefined));
        break;
      case dimension.gid:
        notes.note(reasonOf('process.gid', view.process.gid !== undefined));
        break;
      case dimension.protocol:
        notes.note(reasonOf('flow.protocol'));
        break;
      case dimension.localScope:
        notes.note(reasonOf('flow.local.address'));
        break;
      default:
        throw new Error(`no dimension ${dim}`);
    }
    child(keyOf(dim, view));
  }
}
