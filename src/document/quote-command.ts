/** A command as it is typed in a shell: words that a shell would read otherwise are quoted. */
export function quoteCommand(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
