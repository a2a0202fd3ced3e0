// Watches the rule files: whatever an editor does to them, one reload follows when it has finished.
import { type FSWatcher, watch } from 'node:fs';

const settleMs = 150;

export interface Watch {
  close(): void;
}

/** Calls `onChange` after changes in the folder have settled; without inotify, SIGHUP still reloads. */
export function watchFolder(folder: string, onChange: () => void): Watch {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, (_, name) => {
      // Our own temporary files, and those of editors, are not rules.
      if (name !== null && !/\.ya?ml$/.test(name)) return;
      clearTimeout(timer);
      timer = setTimeout(onChange, settleMs);
    });
    watcher.on('error', () => {});
  } catch {
    watcher = undefined;
  }
  return {
    close: () => {
      clearTimeout(timer);
      watcher?.close();
    },
  };
}
