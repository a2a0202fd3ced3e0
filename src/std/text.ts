// Text from outside, made safe to show: programs choose their names and arguments, and some choose escape codes.

// Controls, format characters (those that turn text around or hide), separators of lines, and halves of pairs.
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Unsafe characters as `\x1b` or `\u{202e}`; a backslash of the text itself stays as it is. */
export function escapeText(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) as number;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

// What JSON.stringify leaves as it is and a terminal may obey: the line feeds of its layout are none of it.
const unsafeInJson = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON for a terminal too: the same value, with nothing in it that turns text around, hides it or is a control. */
export function formatJson(value: unknown, indent?: number): string {
  const units = (text: string) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return JSON.stringify(value, null, indent).replace(unsafeInJson, (character) =>
    units(character)
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
