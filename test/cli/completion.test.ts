import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from '../video/made-clips.js';
import { main, pxv } from './pxv.js';

/** Where shells find pxv, which the scripts ask. */
const folder = temporaryFolder();
writeFileSync(join(folder.path, 'pxv'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
afterAll(folder.remove);

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;
const scripts: Record<string, string> = {};
beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await pxv(['completion', shell]);
    expect(code).toBe(0);
    scripts[shell] = stdout;
  }
});

/** What a shell says to a script of its own. */
function typed(shell: string, text: string): string[] {
  const env = { ...process.env, PATH: [folder.path, process.env.PATH].join(delimiter) };
  const { stdout, stderr } = spawnSync(shell, ['-c', text], { encoding: 'utf8', env });
  expect(stderr).toBe('');
  return stdout.trim().split(/\s+/);
}

describe('bash completes', () => {
  const completed = (...words: string[]) =>
    typed(
      'bash',
      `${scripts.bash}\nCOMP_WORDS=(pxv ${words.map((word) => `'${word}'`).join(' ')}); ` +
        `COMP_CWORD=${words.length}; _pxv; echo "\${COMPREPLY[@]}"`,
    );

  test.each<[string, string[], string[]]>([
    ['a command', ['pre'], ['predict']],
    ['a flag', ['predict', 'clip.mp4', '--best'], ['--best-guess']],
    ['both of a pair of flags', ['train', '--no-mi'], ['--no-mirror']],
    ['a value of a flag', ['predict', '--backend', ''], ['native', 'cpu', 'tensorflow', 'webgpu']],
    ['a model that ships', ['predict', '--model', 'video-'], ['video-64']],
    ['a command of a command', ['datasets', 've'], ['verify']],
    ['its flags', ['datasets', 'get', '--mir'], ['--mirror']],
    ['an argument that is a choice', ['completion', 'z'], ['zsh']],
    ['nothing where a name of a file stands', ['predict', '--out', ''], ['']],
  ])('%s', (_, words, expected) => expect(completed(...words)).toEqual(expected));
});

(has('fish') ? test : test.skip)('fish completes commands, flags and values', () => {
  const completed = (line: string) => typed('fish', `${scripts.fish}\ncomplete -C '${line}' | string split -f1 \\t`);
  expect(completed('pxv pre')).toEqual(['predict']);
  expect(completed('pxv predict --best')).toEqual(['--best-guess']);
  expect(completed('pxv predict --backend ')).toEqual(['cpu', 'native', 'tensorflow', 'webgpu']);
  expect(completed('pxv datasets ')).toEqual(['get', 'list', 'verify']);
});

(has('zsh') ? test : test.skip)('zsh takes the script', () => {
  const { status, stderr } = spawnSync('zsh', ['-n'], { input: scripts.zsh, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});
