/** Returns a command line for a POSIX shell, with words quoted if the shell would interpret them. */
export function quoteCommand(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
