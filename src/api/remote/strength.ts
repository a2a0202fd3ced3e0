// What a password must be that alone keeps strangers out.

/** NIST SP 800-63B-4 section 3.1.1.2, for a password without a second factor. No rules of composition, as there. */
export const minCharacters = 15;
const maxCharacters = 256;
const minDifferent = 6;
const minOwn = 8;

/** Why it will not do, as a sentence with what to do; undefined: it will. */
export function weaknessOf(password: string, user: string): string | undefined {
  const characters = [...password.normalize('NFKC')];
  if (characters.length < minCharacters) {
    return `a password has at least ${minCharacters} characters; four or five words that nobody else would put together are one`;
  }
  if (characters.length > maxCharacters) return `a password has at most ${maxCharacters} characters`;
  if (new Set(characters).size < minDifferent) return `a password has at least ${minDifferent} different characters`;
  // What everybody tries first.
  const known = ['postern', 'password', 'passwort', user.toLowerCase()].filter((word) => word.length > 2);
  const left = known.reduce((text, word) => text.replaceAll(word, ''), characters.join('').toLowerCase());
  if (left.length < minOwn || /^(?:\d+|(.{1,4})\1+)$/.test(left)) {
    return 'this password is made of what everybody tries first; take four or five words that nobody else would put together';
  }
  return undefined;
}
