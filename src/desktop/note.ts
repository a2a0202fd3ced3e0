// What a notification says and what its buttons do, before a desktop shows it; and how it fits what that desktop's daemon can.
import type { ModeRequest } from '#model/api.ts';
import type { Answer } from '#model/prompt.ts';
import { escapeText } from '#std/text.ts';

/** What a person does at the desktop. */
export type Deed =
  | { readonly type: 'answer'; readonly prompt: string; readonly answer: Answer }
  /** A view of the pages, such as `/ask`. */
  | { readonly type: 'open'; readonly view: string }
  | { readonly type: 'mode'; readonly request: ModeRequest }
  | { readonly type: 'quit' };

export interface NoteAction {
  /** Unlike that of every other text of this note, so that a press means the words that were read; `default` is a click on the note. */
  readonly key: string;
  readonly label: string;
  readonly deed: Deed;
}

export interface Note {
  readonly title: string;
  /** Plain text of several lines. */
  readonly body: string;
  /** What to do where there can be no buttons. */
  readonly instead: string;
  readonly urgency: 'low' | 'normal' | 'critical';
  /** When it goes by itself, in milliseconds since 1970; undefined: when the desktop likes. */
  readonly expires?: number | undefined;
  readonly actions: readonly NoteAction[];
  /** What it means when a person closes it. */
  readonly dismissed?: Deed;
}

export const maxTitle = 200;
export const maxBody = 1000;
const maxLabel = 60;

/** At most so many characters; what is left out is so in the middle, as both ends of a path or a name say whose it is. */
export function clip(text: string, max: number): string {
  const letters = [...text];
  if (letters.length <= max) return text;
  const end = Math.floor((max - 1) / 2);
  return `${letters.slice(0, max - 1 - end).join('')}…${letters.slice(letters.length - end).join('')}`;
}

/** One line of text from outside, of at most so many characters. */
export const plain = (text: string, max: number): string => clip(escapeText(text), max);

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For daemons that read a body as markup: every sign of it is only a sign. */
export const escapeMarkup = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);

/** As a daemon with these capabilities is to be told. */
export function fitNote(note: Note, capabilities: ReadonlySet<string>): Note {
  const buttons = capabilities.has('actions');
  const lines = `${note.body}${buttons ? '' : `\n${note.instead}`}`.trim().split('\n');
  const body = clip(lines.map((line) => escapeText(line)).join('\n'), maxBody);
  return {
    ...note,
    title: plain(note.title, maxTitle),
    body: capabilities.has('body-markup') ? escapeMarkup(body) : body,
    actions: buttons ? note.actions.map((action) => ({ ...action, label: plain(action.label, maxLabel) })) : [],
  };
}
