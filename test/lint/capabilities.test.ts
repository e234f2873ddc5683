import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Command, type Option } from 'commander';
import { commandModules } from '../../cli/commands.js';
import { capabilities, commandNames, loadSectionSources } from '../../src/capabilities.js';

const commands: { name: string; command: Command }[] = [];
// One after another: Jest cannot link modules that several imports share.
for (const name of commandNames) {
  const { createCommand } = await commandModules[name]();
  commands.push({ name, command: createCommand(new Command()) });
}

/** A command and those below it. */
function withNested(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withNested)];
}

test.each(commands)('$name is a command of its file, described, with examples', ({ name, command }) => {
  expect(command.name()).toBe(name);
  expect(withNested(command).every((each) => each.description() !== '')).toBe(true);
  expect(readFileSync(`cli/${name}.ts`, 'utf8')).toMatch(/Examples:\n {2}\$ /);
});

test.each(commands)('each flag of $name is explained, and $name refuses an unknown one', ({ command }) => {
  const actions = withNested(command).filter((each) => each.commands.length === 0);
  for (const each of actions) {
    const visible = each.options.filter((option: Option) => !option.hidden);
    expect(visible.map(({ long }) => long)).toEqual(expect.arrayContaining(['--json', '--quiet']));
    expect(visible.filter(({ description }) => description === '')).toEqual([]);
    each.exitOverride().configureOutput({ outputError: () => {} });
    const words = each.registeredArguments.map(({ argChoices }) => argChoices?.[0] ?? 'x');
    expect(() => each.parse([...words, '--no-such-flag'], { from: 'user' })).toThrow(
      /unknown option '--no-such-flag'|required option/,
    );
  }
});

test('each file of a command in cli/ has a line in the registry, and each line its file', () => {
  const files = readdirSync('cli').filter((file) =>
    /^export function createCommand\(/m.test(readFileSync(`cli/${file}`, 'utf8')),
  );
  expect(files.sort()).toEqual([...commandNames, 'completion'].map((name) => `${name}.ts`).sort());
});

test('each folder whose public functions the library exports is a capability of the registry', () => {
  const exported = [...readFileSync('src/index.ts', 'utf8').matchAll(/^export \* from '\.\/(\w+)\/index\.js';/gm)];
  expect(exported.length).toBeGreaterThan(5);
  expect(exported.map(([, folder]) => folder).filter((folder) => !(folder in capabilities))).toEqual([]);
  expect(exported.filter(([, folder]) => !existsSync(`src/${folder}/options.ts`))).toEqual([]);
});

test('parts of a report come from those that have one: results first, then clips', async () => {
  const sources = await loadSectionSources();
  expect(sources.map(({ reads }) => reads).sort()).toEqual(['clips', 'results', 'results', 'results']);
});
