// Server-sent events out of a stream of text, as far as the API writes them: `id`, `event` and `data` of one line each.
import type { EventView } from '#model/api.ts';

export class EventReader {
  #rest = '';

  /** The events that this piece of text completes. */
  read(piece: string): EventView[] {
    this.#rest += piece;
    const blocks = this.#rest.split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => {
      const data = block
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(line[5] === ' ' ? 6 : 5));
      return data.length === 0 ? [] : [JSON.parse(data.join('\n')) as EventView];
    });
  }
}
