// The questions that this page answered itself.
export const mine = new Set<string>();

const key = 'postern.lifetime';

/** For how long the last answer was: what the next one begins with. Storage may be forbidden. */
export function lastLifetime(): string {
  try {
    return localStorage.getItem(key) ?? 'once';
  } catch {
    return 'once';
  }
}

export function rememberLifetime(lifetime: string): void {
  try {
    localStorage.setItem(key, lifetime);
  } catch {
    // Then the next one begins with "once".
  }
}
