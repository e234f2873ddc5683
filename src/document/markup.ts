import { escapeControlCharacters } from '../foundation/control-characters.js';

/**
 * Trusted HTML or SVG, which `markup` inserts without escaping. The text given to the constructor must be escaped
 * already.
 */
export class Markup {
  constructor(private readonly text: string) {}

  /** Returns the HTML or SVG. */
  toString(): string {
    return this.text;
  }
}

/**
 * Value that `markup` inserts: strings and numbers escaped, `Markup` unchanged, lists item by item, and nothing for
 * false.
 */
export type Insertion = string | number | false | Markup | readonly Insertion[];

/**
 * Tag of template literals of HTML. Escapes all inserted values but `Markup`, so that no name or message becomes an
 * element. Attributes must stand in double quotes.
 */
export function markup(parts: TemplateStringsArray, ...insertions: readonly Insertion[]): Markup {
  return new Markup(
    parts.map((part, at) => `${part}${at < insertions.length ? written(insertions[at]) : ''}`).join(''),
  );
}

function written(insertion: Insertion): string {
  if (insertion === false) return '';
  if (insertion instanceof Markup) return insertion.toString();
  if (typeof insertion === 'object') return insertion.map(written).join('');
  return escapeHtml(String(insertion));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Returns `text` escaped for use in an HTML element or a quoted attribute. Replaces control characters as
 * `escapeControlCharacters` does.
 */
export function escapeHtml(text: string): string {
  return escapeControlCharacters(text).replace(/[&<>"']/g, (sign) => entities[sign]);
}
