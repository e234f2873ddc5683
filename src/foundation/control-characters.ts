/** A text without what a terminal would obey: a file's name may hold any character but `/`. Lines stay. */
export function escapeControlCharacters(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}

/** The same without ends of lines, which names of files may hold, too. */
export function toOneLine(text: string): string {
  return escapeControlCharacters(text).replaceAll('\n', '\ufffd');
}
