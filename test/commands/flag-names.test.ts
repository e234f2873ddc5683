import { existsSync, readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { commandNames } from '../../cli/commands.js';
import type { OptionFields } from '../../src/foundation/option-fields.js';
import { trainFlags } from '../../src/commands/train/flags.js';

/** Fields of functions that are not named `<function>Fields`; of a training, settings anywhere in its configuration. */
const namedOtherwise: Record<string, string> = { servePage: 'pageFields', scoreImageSet: 'scoreImagesFields' };
const tasks: Record<string, OptionFields> = { train: trainFlags };

/** Functions that a command calls when it runs, each with the folder of its module. */
function calledBy(command: string): { name: string; folder: string }[] {
  const imports = readFileSync(`cli/${command}.ts`, 'utf8').matchAll(
    /const \{ (.+) \} = await import\('\.\.\/(src\/(?:[\w-]+\/)+)[\w-]+\.js'\)/g,
  );
  return [...imports].flatMap(([, names, folder]) => names.split(', ').map((name) => ({ name, folder })));
}

for (const command of commandNames.filter((name) => !(name in tasks)))
  for (const { name, folder } of calledBy(command)) {
    if (!existsSync(`${folder}options.ts`)) continue;
    const exported = (await import(`../../${folder}options.js`)) as Record<string, OptionFields | undefined>;
    const fields = exported[namedOtherwise[name] ?? `${name}Fields`];
    if (fields !== undefined) tasks[command] = { ...tasks[command], ...fields };
  }

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

test('each command that runs a function with options is looked at', () => {
  const withoutOptions = ['datasets', 'models', 'doctor', 'backends', 'completion'];
  expect(commandNames.filter((name) => !(name in tasks))).toEqual(withoutOptions);
});
