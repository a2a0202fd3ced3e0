// Watches folders of the configuration: whatever an editor does to their files, one reload follows when it has finished.
import { type FSWatcher, watch } from 'node:fs';

const settleMs = 150;

export interface Watch {
  close(): void;
}

/** Calls `onChange` after changes of such files in the folder have settled; without inotify, SIGHUP still reloads. */
export function watchFolder(folder: string, names: RegExp, onChange: () => void): Watch {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, (_, name) => {
      // Temporary files, our own and those of editors, are none of them.
      if (name !== null && !names.test(name)) return;
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
