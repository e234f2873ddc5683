/** Registers a skipped test whose title says what this machine lacks, for the tests that need it are not registered. */
export function announceMissing(what: string): void {
  test.skip(`not on this machine: ${what}`, () => undefined);
}
