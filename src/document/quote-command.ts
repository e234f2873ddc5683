/** Joins words to a command line for a POSIX shell. Quotes words that the shell would interpret. */
export function quoteCommand(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
