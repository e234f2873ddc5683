/** Number of names that one line lists. */
const LISTED = 3;

/** Returns the first three names and the number of the others: `a, b, c and 2 more`. */
export function firstFew(names: readonly string[]): string {
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return `${names.slice(0, LISTED).join(', ')}${more}`;
}
