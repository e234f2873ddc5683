/** Number of names that one line lists. */
const LISTED = 3;

/** Joins names for messages: all if at most three, else the first three and a count, as in `a, b, c and 2 more`. */
export function firstFew(names: readonly string[]): string {
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return `${names.slice(0, LISTED).join(', ')}${more}`;
}
