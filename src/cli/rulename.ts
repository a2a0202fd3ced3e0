// A name for a rule that was given none: short, telling, and not taken yet.
import type { RuleText } from '#model/rule.ts';
import { freeName } from '#std/freename.ts';

function words(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(words);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(words);
  const text = String(value);
  return [text.startsWith('/') ? text.slice(text.lastIndexOf('/') + 1) : text];
}

/** `allow-vagrant-icmp`, `reject-noinet-2`. */
export function nameFor(action: string, conditions: Partial<RuleText>, taken: ReadonlySet<string>): string {
  const parts = Object.values(conditions)
    .flatMap(words)
    .map((word) => word.replace(/[^\p{L}\p{N}.]+/gu, '-').replace(/^-+|-+$/g, ''))
    .filter((word) => word !== '');
  const base = [action, ...parts].join('-').slice(0, 100);
  return freeName(base, taken, '-');
}
