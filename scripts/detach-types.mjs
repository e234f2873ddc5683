// Puts the types of src/foundation/tensors.ts in the place of tfjs's in the declarations that were built.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const built = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');
const tensors = join(built, 'src', 'foundation', 'tensors.js');
const declarations = readdirSync(built, { recursive: true }).filter((name) => name.endsWith('.d.ts'));

for (const name of declarations) {
  const path = join(built, name);
  const text = readFileSync(path, 'utf8');
  const place = relative(dirname(path), tensors).replaceAll('\\', '/');
  const from = `'${place.startsWith('.') ? place : `./${place}`}'`;
  // Types that the compiler has found name the package in quotes of the other kind. What is imported for what it does
  // has no types.
  const detached = text
    .replaceAll(/(['"])@tensorflow\/tfjs-core\1/g, from)
    .replaceAll(/^import '@tensorflow\/tfjs-layers';\n/gm, '');
  if (detached !== text) writeFileSync(path, detached);
}
