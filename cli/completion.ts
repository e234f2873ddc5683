import { Argument, Command, type Option } from 'commander';
import { shippedModels } from '../src/model/shipped-models.js';
import { run, type Report, type Work } from './report.js';

/** A command as shells complete it. */
interface Completed {
  /** Its words after `pxv`, as in `datasets get`. */
  words: string;
  description: string;
  flags: CompletedFlag[];
  /** What its arguments may be, where that is a choice; none: the name of a file. */
  choices: readonly string[];
}

interface CompletedFlag {
  /** With its dashes. */
  name: string;
  description: string;
  /** Whether a value follows it. */
  takesValue: boolean;
  /** The values that it takes; none: any, or the name of a file. */
  values: string[];
}

const shells = { bash, zsh, fish };

/** @param program with all of its commands, which are read when the command runs */
export function command(program: Command): Command {
  const completion = new Command('completion')
    .description('print what makes a shell complete commands, flags and their values')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(shells)));
  completion.addHelpText(
    'after',
    `
Examples:
  $ source <(pxv completion bash)                                   for this shell; in ~/.bashrc, for all
  $ pxv completion zsh > "\${fpath[1]}/_pxv"
  $ pxv completion fish > ~/.config/fish/completions/pxv.fish`,
  );
  return completion.action(
    run((_: Work, shell: keyof typeof shells): Promise<Report> => {
      const commands = completedOf(program, []);
      return Promise.resolve({ text: shells[shell](commands), json: { shell, script: shells[shell](commands) } });
    }),
  );
}

function completedOf(command: Command, words: string[]): Completed[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .flatMap((one) => {
      if (one.name() === 'help') return [];
      const path = [...words, one.name()];
      const flags = one.createHelp().visibleOptions(one).flatMap(flagsOf);
      const choices = one.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
      return [{ words: path.join(' '), description: one.description(), flags, choices }, ...completedOf(one, path)];
    });
}

function flagsOf({ long, description, required, optional, argChoices, flags }: Option): CompletedFlag[] {
  const values = argChoices ?? (flags.includes('<run|name>') ? shippedModels() : []);
  const shown = { description, takesValue: required || optional, values };
  // The help shows both of a pair in one line.
  const names = flags.startsWith('--[no-]') ? [long!, long!.replace('--', '--no-')] : [long!];
  return names.map((name) => ({ name, ...shown }));
}

const nextWords = (commands: readonly Completed[], words: string) => {
  const start = words === '' ? '' : `${words} `;
  return commands.filter((one) => one.words.startsWith(start) && !one.words.slice(start.length).includes(' '));
};
const lastWord = (words: string) => words.split(' ').at(-1)!;

function bash(commands: readonly Completed[]): string {
  const cases = ['', ...commands.map(({ words }) => words)].map((words) => {
    const { flags = [], choices = [] } = commands.find((one) => one.words === words) ?? {};
    const next = nextWords(commands, words).map((one) => lastWord(one.words));
    const values = flags.filter((flag) => flag.values.length > 0);
    return [
      `    '${words}')`,
      `      words='${[...next, ...choices, ...flags.map(({ name }) => name)].join(' ')}'`,
      ...(values.length === 0 ? [] : [`      case "$prev" in`]),
      ...values.map((flag) => `        ${flag.name}) words='${flag.values.join(' ')}' ;;`),
      ...(values.length === 0 ? [] : [`      esac`]),
      `      ;;`,
    ].join('\n');
  });
  return `# bash completion for pxv
_pxv() {
  local words='' cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path='' at
  for ((at = 1; at < COMP_CWORD && at < 3; at++)); do
    case " ${commands.map((one) => one.words.replace(' ', '/')).join(' ')} " in
      *" \${path:+$path/}\${COMP_WORDS[at]} "*) path=\${path:+$path/}\${COMP_WORDS[at]} ;;
      *) break ;;
    esac
  done
  case "\${path/\\// }" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _pxv pxv`;
}

/** A text between single quotes of a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function zsh(commands: readonly Completed[]): string {
  // In a description of _arguments and _describe, these end it.
  const plain = (text: string) => text.replaceAll(/[[\]:]/g, (mark) => `\\${mark}`);
  const listOf = (words: string) =>
    nextWords(commands, words).map((one) => quoted(`${lastWord(one.words)}:${plain(one.description)}`));
  const flagOf = ({ name, description, takesValue, values }: CompletedFlag) => {
    const value = values.length > 0 ? `:value:(${values.join(' ')})` : ':value:_files';
    return quoted(`${name}[${plain(description)}]${takesValue ? value : ''}`);
  };
  const cases = commands.map(({ words, flags, choices }) => {
    const next = listOf(words);
    const named = choices.length > 0 ? `(${choices.join(' ')})` : '_files';
    const arguments_ = [...flags.map(flagOf), quoted(`*:name:${named}`)].join(' ');
    return `    ${quoted(words)}) ${next.length > 0 ? `list=(${next.join(' ')}); _describe command list` : `_arguments ${arguments_}`} ;;`;
  });
  const parents = commands.filter(({ words }) => nextWords(commands, words).length > 0).map(({ words }) => words);
  return `#compdef pxv
_pxv() {
  local -a list
  local path=$words[2] skipped=1
  if (( CURRENT == 2 )); then
    list=(${listOf('').join(' ')})
    _describe command list
    return
  fi
  case $path in
    ${parents.join('|')}) (( CURRENT > 3 )) && { path="$path $words[3]"; skipped=2 } ;;
  esac
  words=($words[1] $words[skipped+2,-1])
  (( CURRENT -= skipped ))
  case $path in
${cases.join('\n')}
  esac
}
_pxv "$@"`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ words, description, flags, choices }) => {
    const parent = words.split(' ').slice(0, -1);
    const known = nextWords(commands, parent.join(' ')).map((one) => lastWord(one.words));
    const isNext =
      parent.length === 0
        ? '__fish_use_subcommand'
        : `__fish_seen_subcommand_from ${parent.join(' ')}; and not __fish_seen_subcommand_from ${known.join(' ')}`;
    const seen = words.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
    return [
      `complete -c pxv -n ${quoted(isNext)} -f -a ${lastWord(words)} -d ${quoted(description)}`,
      ...choices.map((choice) => `complete -c pxv -n ${quoted(seen.join('; and '))} -f -a ${choice}`),
      ...flags.map(({ name, description: about, takesValue, values }) => {
        const value = values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : ' -r';
        return `complete -c pxv -n ${quoted(seen.join('; and '))} -l ${name.slice(2)} -d ${quoted(about)}${takesValue ? value : ''}`;
      }),
    ];
  });
  return ['# fish completion for pxv', ...lines].join('\n');
}
