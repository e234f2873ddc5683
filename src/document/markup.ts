import { escapeControlCharacters } from '../foundation/control-characters.js';

/** HTML or SVG that is written as it is. Only `markup` and whoever has escaped a text makes one. */
export class Markup {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: a text or number is escaped, nothing is written for false. */
export type Insertion = string | number | false | Markup | readonly Insertion[];

/** A template whose insertions are escaped, so that no name or message becomes an element. Attributes stand in double quotes. */
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

/** A text as it stands in an element or in an attribute. */
export function escapeHtml(text: string): string {
  return escapeControlCharacters(text).replace(/[&<>"']/g, (sign) => entities[sign]);
}
