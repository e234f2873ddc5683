import { Argument, Command, type Option } from 'commander';
import { listShippedModels } from '../src/model/shipped-models.js';
import type { OptionFields } from '../src/foundation/option-fields.js';
import { addAction } from './options.js';

/**
 * Returns the `completion` command, which prints shell completions.
 * @param program pxv's root command, whose subcommands and flags are read when the command runs
 */
export function createCommand(program: Command): Command {
  const completion = new Command('completion')
    .description('print what makes a shell complete commands, flags and their values')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(shells)))
    .argument('[word...]', 'what is typed after pxv so far, as the shell asks: print what the last word may become')
    .addHelpText('after', EXAMPLES);
  return addAction<OptionFields, [Shell, string[]]>(completion, {}, (_, shell, words) => {
    const { script, line } = shells[shell];
    if (words.length === 0) return Promise.resolve({ text: script, json: { shell, script } });
    const found = candidates(program, words);
    return Promise.resolve({ text: found.map(line), json: { shell, candidates: found } });
  });
}

const EXAMPLES = `
Examples:
  $ source <(pxv completion bash)                                   for this shell; in ~/.bashrc, for all
  $ pxv completion zsh > "\${fpath[1]}/_pxv"
  $ pxv completion fish > ~/.config/fish/completions/pxv.fish`;

/** Completion of a word, with its description in the help. */
interface Candidate {
  word: string;
  description: string;
}

/** Returns the completions of the last word. Returns none if the word may be anything, or a file name. */
function candidates(program: Command, words: readonly string[]): Candidate[] {
  const last = words.at(-1)!;
  const before = words.slice(0, -1);
  const command = before.reduce((at, word) => at.commands.find((below) => below.name() === word) ?? at, program);
  const option = command.options.find(({ required, long }) => required && long === before.at(-1));
  const found = option === undefined ? nextWords(command, last.startsWith('-')) : valuesOf(option);
  return found.filter(({ word }) => word.startsWith(last));
}

function nextWords(command: Command, isFlag: boolean): Candidate[] {
  const below = command.commands.map((one) => ({ word: one.name(), description: one.description() }));
  const { registeredArguments: given } = command;
  if (isFlag || below.length + given.length === 0) return command.createHelp().visibleOptions(command).flatMap(flagsOf);
  return [...below, ...given.flatMap(({ argChoices = [] }) => argChoices.map(undescribed))];
}

function flagsOf({ long, description, flags }: Option): Candidate[] {
  // The help shows a flag and its negation in one line.
  const words = flags.startsWith('--[no-]') ? [long!, long!.replace('--', '--no-')] : [long!];
  return words.map((word) => ({ word, description }));
}

function valuesOf({ argChoices, flags }: Option): Candidate[] {
  return (argChoices ?? (flags.includes('<run|name>') ? listShippedModels() : [])).map(undescribed);
}

const undescribed = (word: string): Candidate => ({ word, description: '' });

type Shell = keyof typeof shells;

/** Script of each shell, and the format of a candidate. Without candidates the shells complete file names. */
const shells = {
  bash: {
    script: `# bash completion for pxv
_pxv() {
  local IFS=$'\\n'
  COMPREPLY=($(pxv completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null))
}
complete -o bashdefault -o default -F _pxv pxv`,
    line: ({ word }: Candidate) => word,
  },
  zsh: {
    script: `#compdef pxv
_pxv() {
  local -a found=("\${(@f)$(pxv completion zsh -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ -n $found ]]; then _describe pxv found; else _files; fi
}
_pxv "$@"`,
    line: ({ word, description }: Candidate) => (description === '' ? word : `${word}:${description}`),
  },
  fish: {
    script: `# fish completion for pxv
function __pxv
    set -l last (commandline -ct)
    set -l found (pxv completion fish -- (commandline -opc)[2..] "$last" 2> /dev/null)
    test -n "$found"; and printf '%s\\n' $found; or __fish_complete_path "$last"
end
complete -c pxv -f -a '(__pxv)'`,
    line: ({ word, description }: Candidate) => `${word}\t${description}`,
  },
};
