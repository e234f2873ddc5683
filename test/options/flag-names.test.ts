import { readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { commandNames } from '../../src/capabilities.js';
import { checkModelFields } from '../../src/check/options.js';
import { decodeFileFields, encodeClipFields } from '../../src/codec/options.js';
import { scoreClipsFields, scoreImagesFields, scoreProtocolFields } from '../../src/evaluate/options.js';
import type { OptionFields } from '../../src/options/fields.js';
import { pageFields } from '../../src/page/options.js';
import { predictClipsFields } from '../../src/predict/options.js';
import { writeReportFields } from '../../src/report/options.js';
import { completeImageFields, sampleImagesFields } from '../../src/sample/options.js';
import { findSurpriseFields } from '../../src/surprise/options.js';
import { trainFlags } from '../../src/train/flags.js';

/** Options of the function behind each command; of a training, settings anywhere in its configuration. */
const tasks: Record<string, OptionFields> = {
  train: trainFlags,
  predict: predictClipsFields,
  surprise: findSurpriseFields,
  encode: encodeClipFields,
  decode: decodeFileFields,
  page: pageFields,
  sample: sampleImagesFields,
  complete: completeImageFields,
  'eval-video': { ...scoreProtocolFields, ...scoreClipsFields },
  'eval-images': scoreImagesFields,
  report: writeReportFields,
  check: checkModelFields,
};
/** Flags that are no options of a task: its model, the backend, and what is printed. */
const others = ['model', 'threads', 'backend', 'instructionSet', 'json', 'quiet', 'csv'];

const flagsOf = async (command: string): Promise<readonly Option[]> => {
  const { createCommand } = (await import(`../../cli/${command}.js`)) as { createCommand: (main?: Command) => Command };
  return createCommand().options;
};
const kebabCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Rows of the table of docs/library.md: the option beside each flag. */
const rows = [...readFileSync('docs/library.md', 'utf8').matchAll(/^\| `(--[\w-]+).*?` +\| (.*) \|$/gm)];
const optionOf = new Map(rows.map(([, flag, option]) => [flag, option]));

test.each(Object.keys(tasks))(
  'the guide to the library lists the flags of %s that it knows by another name',
  async (command) => {
    for (const option of await flagsOf(command)) {
      const name = option.attributeName();
      const isSame = name in tasks[command] && option.long!.replace('--no-', '--') === `--${kebabCase(name)}`;
      if (isSame || others.includes(name)) continue;
      expect({ flag: option.long, option: optionOf.get(option.long!) }).toEqual({
        flag: option.long,
        option: expect.stringMatching(new RegExp(`\\b${name}\\b`)) as string,
      });
    }
  },
);

test('the guide to the library lists no flag that no command has', async () => {
  const flags = (await Promise.all(Object.keys(tasks).map(flagsOf))).flat().map(({ long }) => long!);
  expect(optionOf.size).toBeGreaterThan(5);
  expect([...optionOf.keys()].filter((flag) => !flags.includes(flag))).toEqual([]);
});

test('each command with a function behind it is looked at', () => {
  const withoutFunction = ['datasets', 'models', 'doctor', 'backends'];
  expect(Object.keys(tasks).toSorted()).toEqual(
    commandNames.filter((name) => !withoutFunction.includes(name)).toSorted(),
  );
});
