import type { z } from 'zod';
import { PxvError } from './errors.js';

/** Where a configuration came from and what to say of it. */
export interface ConfigurationSource {
  operation: string;
  /** File or option that holds the value. */
  argument: string;
  code: 'USAGE' | 'CHECKPOINT';
}

/** Parses a value by a schema. @throws PxvError naming the first wrong key, and of an unknown one the nearest */
export function parseConfiguration<T>(schema: z.ZodType<T>, value: unknown, source: ConfigurationSource): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue.path.join('.') || 'the whole';
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0];
    const known = knownKeys(schema, issue.path);
    const inner = known.find((outer) => knownKeys(schema, [...issue.path, outer]).includes(key));
    const nearest = inner === undefined ? nearestKey(key, known) : `${inner}.${key}`;
    throw new PxvError({
      ...source,
      expected: 'only known keys',
      received: `unknown key '${[...issue.path, key].join('.')}'`,
      remedy: remedyOf(key, nearest, source.code),
    });
  }
  throw new PxvError({
    ...source,
    expected: `a valid '${path}'`,
    received: `${shorten(valueAt(value, issue.path))} (${issue.message})`,
    remedy: `correct '${path}'`,
  });
}

function remedyOf(key: string, nearest: string | null, code: ConfigurationSource['code']): string {
  // A checkpoint was written by a program, and what this one does not know a later one may.
  if (nearest === null)
    return code === 'CHECKPOINT'
      ? 'it may be of another pxv: install the newest, or the one that wrote it'
      : 'remove it';
  // The same word is a key of another of several types.
  return nearest === key ? 'remove it: another type has it' : `did you mean '${nearest}'?`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function shorten(value: unknown): string {
  const text = textOf(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** As JSON, which knows neither large integers nor what is no number. */
function textOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
}

/** The keys that a schema knows at a path, found by following its own definition. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  type Node = { _zod: { def: { shape?: Record<string, Node>; element?: Node; options?: Node[] } & Wrapped } };
  type Wrapped = { innerType?: Node; in?: Node };
  let nodes = [schema as unknown as Node];
  const expand = (node: Node): Node[] => {
    const { innerType, in: transformed, options } = node._zod.def;
    const inner = innerType ?? transformed;
    return inner ? expand(inner) : options ? options.flatMap(expand) : [node];
  };
  for (const key of path) {
    nodes = nodes.flatMap(expand).flatMap((node) => {
      const { shape, element } = node._zod.def;
      const next = typeof key === 'number' ? element : shape?.[String(key)];
      return next ? [next] : [];
    });
  }
  // Of a list, those of what it holds.
  const held = nodes.flatMap(expand).flatMap((node) => expand(node._zod.def.element ?? node));
  return held.flatMap((node) => Object.keys(node._zod.def.shape ?? {}));
}

/** The known key with the smallest edit distance, if that is at most half the word. */
function nearestKey(key: string, known: readonly string[]): string | null {
  const distance = (other: string) => editDistance(key.toLowerCase(), other.toLowerCase());
  const [nearest] = known.toSorted((a, b) => distance(a) - distance(b));
  return nearest !== undefined && distance(nearest) <= Math.ceil(key.length / 2) ? nearest : null;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
