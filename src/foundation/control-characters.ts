/**
 * Returns `text` with every control character except newline and tab replaced by U+FFFD. File names may hold control
 * characters, which a terminal would interpret.
 */
export function escapeControlCharacters(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}

/** Returns `text` as `escapeControlCharacters` does, with newlines replaced by U+FFFD too. */
export function toOneLine(text: string): string {
  return escapeControlCharacters(text).replaceAll('\n', '\ufffd');
}
