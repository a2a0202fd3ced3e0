// When the refusals were last looked at, in this browser. Storage may be forbidden: then all are new.
const key = 'postern.refused-seen';

export function lastSeen(): number {
  try {
    return Number(localStorage.getItem(key) ?? 0);
  } catch {
    return 0;
  }
}

export function rememberSeen(time: number): void {
  try {
    localStorage.setItem(key, String(time));
  } catch {
    // Then they are all new the next time.
  }
}
