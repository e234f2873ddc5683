import { escapeControlCharacters } from '../foundation/control-characters.js';

/** HTML or SVG that is inserted without escaping. Its creator, usually `markup`, has escaped all text inside. */
export class Markup {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** Value that `markup` inserts. Strings and numbers are escaped; false inserts nothing. */
export type Insertion = string | number | false | Markup | readonly Insertion[];

/**
 * Returns HTML from a template literal with its insertions escaped, so that no name or message becomes an element.
 * Attributes must stand in double quotes.
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

/** Returns `text` escaped for use in an HTML element or attribute, control characters included. */
export function escapeHtml(text: string): string {
  return escapeControlCharacters(text).replace(/[&<>"']/g, (sign) => entities[sign]);
}
