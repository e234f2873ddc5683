import type { z } from 'zod';
import { PxvError, shorten } from './errors.js';

/**
 * Source of a configuration, as errors about the configuration name it: operation, file or option, and error code.
 * @inline
 */
export interface ConfigurationSource {
  /** Operation that reads the configuration, such as `configure training`. */
  operation: string;
  /** File or option that holds the configuration. */
  argument: string;
  /** Error code. */
  code: 'USAGE' | 'CHECKPOINT';
  /**
   * Returns the key that `name` stands for, such as the name of a flag. Returns undefined if `name` stands for none.
   */
  keyNamed?: ((name: string) => string | undefined) | undefined;
  /**
   * Returns the option that set the value at a path, as the user typed it, such as `--shards`. Returns undefined if no
   * option did. Errors name the option in place of `argument` and of the key.
   */
  optionAt?: ((path: readonly PropertyKey[]) => string | undefined) | undefined;
}

/**
 * Validates `value` by a zod schema, and returns the parsed value.
 * @throws PxvError with the source's code, naming the first invalid key; for an unknown key also the most similar
 *   known key
 */
export function parseConfiguration<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { keyNamed, optionAt, ...named }: ConfigurationSource,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue.path.join('.') || 'the whole';
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0];
    const keysAt = (...inner: string[]) => knownKeys(schema, [...issue.path, ...inner]);
    const nearest = findKey(keyNamed?.(key), keysAt) ?? findKey(key, keysAt) ?? nearestKey(key, keysAt());
    throw new PxvError({
      ...named,
      expected: 'only known keys',
      received: `unknown key '${shorten([...issue.path, key].join('.'), LONGEST_KEY)}'`,
      remedy: remedyOf(key, nearest, named.code),
    });
  }
  const option = optionAt?.(issue.path);
  throw new PxvError({
    ...named,
    argument: option ?? named.argument,
    expected: option === undefined ? `a valid '${path}'` : 'a valid value',
    received: `${shorten(textOf(valueAt(value, issue.path)), LONGEST_VALUE)} (${issue.message})`,
    remedy: `correct ${option ?? `'${path}'`}`,
  });
}

function remedyOf(key: string, nearest: string | null, code: ConfigurationSource['code']): string {
  // A later version of pxv may know the key, as programs write checkpoints.
  if (nearest === null)
    return code === 'CHECKPOINT'
      ? 'it may be of another pxv: install the newest, or the one that wrote it'
      : 'remove it';
  // Another variant of the union has this key.
  return nearest === key ? 'remove it: another type has it' : `did you mean '${nearest}'?`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/** Maximum length of a value and of a key's path in messages. */
const LONGEST_VALUE = 60;
const LONGEST_KEY = 200;

/** Returns a value as JSON, and bigints and non-finite numbers, which JSON lacks, as text. */
function textOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? 'nothing';
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'a value of too many levels';
  }
}

/** Returns the keys that a schema has at a path, found in the schema's definition. */
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
  // For a list, the keys of its elements.
  const held = nodes.flatMap(expand).flatMap((node) => expand(node._zod.def.element ?? node));
  return held.flatMap((node) => Object.keys(node._zod.def.shape ?? {}));
}

/** Returns a name as a known key, or as the dotted path of a key one level deeper; null if neither is known. */
function findKey(name: string | undefined, keysAt: (...inner: string[]) => string[]): string | null {
  if (name === undefined) return null;
  if (keysAt().includes(name)) return name;
  const outer = keysAt().find((key) => keysAt(key).includes(name));
  return outer === undefined ? null : `${outer}.${name}`;
}

/** Returns the known key with the smallest edit distance, or null if the distance exceeds half the length of `key`. */
function nearestKey(key: string, known: readonly string[]): string | null {
  // The time grows with the length.
  if (key.length > LONGEST_KEY) return null;
  const distance = (other: string) => editDistance(key.toLowerCase(), other.toLowerCase());
  const [nearest] = known.toSorted((a, b) => distance(a) - distance(b));
  return nearest !== undefined && distance(nearest) <= Math.ceil(key.length / 2) ? nearest : null;
}

/** Returns the Levenshtein distance. */
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
