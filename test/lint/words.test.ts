import { readdirSync, readFileSync, statSync } from 'node:fs';
import { earlierMethods } from '../../src/backend/kernels/index.js';
import { conditionings } from '../../src/conditioning/index.js';

/** Layers, ops and the engine know maps and anchors: what these are made of is for src/conditioning to know. */
const folders = ['src/model/layers', 'src/model/ops', 'native/engine'];

/** The lines under a folder that hold `word` in any case, as `path:line: text`. */
function linesWith(word: RegExp, folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`);
  return paths
    .filter((path) => statSync(path).isFile())
    .flatMap((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .map((line, index) => `${path}:${index + 1}: ${line}`),
    )
    .filter((line) => word.test(line.slice(line.indexOf(' '))));
}

test.each(folders)("%s does without the word 'frame'", (folder) => {
  expect(linesWith(/frame/i, folder)).toEqual([]);
});

test("the search finds the word 'frame' where it stands", () => {
  expect(linesWith(/FRAME/i, 'src/conditioning').length).toBeGreaterThan(0);
});

/** A number that may be one, before a noun that is always in the plural. */
const fixedPlural =
  /\$\{[^}]*\} (?:previous )?(?:frames|clips|images|steps|times|entries|files|places|threads|channels|checks)\b(?!\/)/;

test.each(['cli', 'datasets', 'src'])('%s leaves the plural to numberOf', (folder) => {
  expect(linesWith(fixedPlural, folder)).toEqual([]);
});

test('the search finds plurals where they stand', () => {
  expect(linesWith(fixedPlural, 'test').length).toBeGreaterThan(0);
});

/** A conditioning is known by what it reads and gives: no other code knows one by its name. */
const conditioningNames = new RegExp(
  Object.keys(conditionings)
    .flatMap((name) => [name, name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())])
    .join('|'),
);
const foreign = ['src', 'cli', 'native']
  .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
  .filter((path) => path !== 'src/conditioning' && statSync(path).isDirectory());

test.each(foreign)('%s knows no conditioning by name', (folder) => {
  expect(linesWith(conditioningNames, folder)).toEqual([]);
});

test('the search finds names of conditionings where they stand', () => {
  expect(linesWith(conditioningNames, 'src/conditioning').length).toBeGreaterThan(0);
});

/**
 * Methods of earlier pixels are known to their kernels, to the folder where they stand, and to the conditioning whose
 * keys they are, with its preset.
 */
const methodNames = new RegExp(earlierMethods.map((name) => name.replace(/[A-Z]/, '[- _]?$&')).join('|'), 'i');
const rooms = [
  'src/backend/kernels/',
  'src/model/earlier-pixels/',
  'src/conditioning/warped-frames-description.ts',
  'src/conditioning/warped-frames.ts',
  'src/conditioning/presets.ts',
];

test.each(['cli', 'src', 'native/engine'])('%s knows no method of earlier pixels by name', (folder) => {
  expect(linesWith(methodNames, folder).filter((line) => !rooms.some((room) => line.startsWith(room)))).toEqual([]);
});

test.each(rooms.slice(0, 2))('the search finds names of methods where they stand: %s', (room) => {
  expect(linesWith(methodNames, room).length).toBeGreaterThan(0);
});
