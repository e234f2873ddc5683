import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './video/made-clips.js';

const run = promisify(execFile);

/** A user's folder with the package installed, and its examples. */
const folder = temporaryFolder();
beforeAll(() => {
  mkdirSync(join(folder.path, 'node_modules'));
  symlinkSync(resolve('.'), join(folder.path, 'node_modules', 'pxv'));
  symlinkSync(resolve('examples'), join(folder.path, 'examples'));
  writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }');
});
afterAll(folder.remove);

/** The guide's programs, in order. */
const [predicting, frameByFrame, training] = [
  ...readFileSync('docs/library.md', 'utf8').matchAll(/```js\n(.*?)```/gs),
].map(([, program]) => program);

async function outputOf(name: string, program: string): Promise<string> {
  writeFileSync(join(folder.path, name), program);
  const { stdout } = await run(process.execPath, [name], { cwd: folder.path });
  return stdout;
}

test("the guide's program scores and predicts as pasted", async () => {
  const stdout = await outputOf('predict.js', predicting);
  expect(stdout).toMatch(/^\d\.\d{3} bits\/dim, previous frame \d\.\d{3}\n$/);
  expect(existsSync(join(folder.path, 'futures.gif'))).toBe(true);
}, 120_000);

test("the guide's program trains as pasted", async () => {
  expect(await outputOf('train.js', training)).toBe('10 steps: runs/library\n');
  expect(existsSync(join(folder.path, 'runs', 'library', 'model.safetensors'))).toBe(true);
}, 120_000);

test("the guide's program of single frames gives one of each kind as pasted", async () => {
  const bytes = 64 * 64 * 3;
  expect(await outputOf('frames.js', frameByFrame)).toBe(`${bytes}\n${`${bytes} true\n`.repeat(2)}`);
}, 120_000);

test('without a backend that was chosen, nothing is computed slowly in silence', async () => {
  const program = frameByFrame.replace('await chooseBackend();', '');
  await expect(outputOf('no-backend.js', program)).rejects.toMatchObject({
    stdout: '',
    stderr: expect.stringMatching(
      /expected one that was chosen before any tensor is made, received none; call `await chooseBackend\(\)` first/,
    ) as string,
  });
}, 120_000);
