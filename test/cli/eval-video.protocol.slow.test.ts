import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProtocolScore } from '../../src/commands/evaluate/score-results.js';
import { saveModel } from '../../src/model/checkpoint.js';
import { inGrey, squares, writeBairClip, writeImages, writeKthClip } from '../commands/evaluate/protocol-clips.js';
import { mixtureTogether, randomModel, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';
import { pngClip } from '../commands/train/tiny-clips.js';
import { temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { linesSaid, pxv } from './pxv.js';
import { jsonOf } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const evaluate = (...args: string[]) => ['eval-video', ...args, '--model', 'tiny.safetensors'];

beforeAll(async () => {
  // Its best guess is a learned anchor; it reads two frames.
  const network = tinyNetwork({ head: mixtureTogether, conditioning: [warpedFrames] });
  saveModel(join(folder.path, 'tiny.safetensors'), randomModel([network]));
  const name = (t: number) => `${t}.png`;
  await writeImages(join(folder.path, 'mnist', 'a'), inGrey(squares(20, 0)), name);
  await writeKthClip(folder.path, 'person22', inGrey(squares(40, 1)));
  await writeBairClip(folder.path, 'test', 1, squares(30, 0));
  await pngClip(folder.path, 'own', 20);
  mkdirSync(join(folder.path, 'empty'));
}, 60_000);

describe('pxv eval-video --protocol', () => {
  test('as a process prints what was given and predicted, and published results with their sources', async () => {
    const { code, stdout } = await pxv(evaluate('mnist', '--protocol', 'moving-mnist', '--samples', '2'), here);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(
      'protocol moving-mnist: Moving MNIST, two digits, 10 frames given, 10 predicted, 64x64 in grey, from frame 10',
    );
    expect(stdout).toMatch(/^given frames: of 10 the model reads 2 at a time: the last 2; /m);
    expect(stdout).toMatch(/^scored: 1 clip, 1 window, 2 samples of each$/m);
    expect(stdout).toMatch(/^forecast +MSE +MAE +SSIM \(OpenSTL\) +PSNR +SSIM 7x7 +source$/m);
    for (const row of ['last frame', 'tiny.safetensors, best guess', 'tiny.safetensors, best of 2'])
      expect(stdout).toMatch(new RegExp(`^${row}( +\\d+\\.\\d+){5} +measured here$`, 'm'));
    expect(stdout).toMatch(/^PredRNN\+\+, 2,000 epochs +14\.07 +48\.91 +0\.9698 +26\.37 +- +OpenSTL, /m);
    expect(stdout).toMatch(/^PFGNet +15\.20 .*\(second-hand\)$/m);
    expect(stdout).toMatch(/^MSE: squared error, .* \(OpenSTL\)$/m);
    expect(stdout).not.toMatch(/NaN|undefined/);
  }, 60_000);

  test.each([
    ['kth-64', 'processed', { context: 10, horizon: 30 }, ['psnr', 'ssim', 'ssim-uniform']],
    ['bair-64', 'processed_data', { context: 2, horizon: 28 }, ['psnr', 'ssim', 'ssim-uniform']],
  ])(
    '%s reads the folders of SVG, and --json has all',
    async (protocol, path, frames, metrics) => {
      const args = evaluate(path, '--protocol', protocol, '--samples', '1', '--json');
      const outcome = await pxvInProcess(args, here);
      expect({ code: outcome.code, stderr: outcome.stderr }).toMatchObject({ code: 0 });
      const json = jsonOf(outcome) as unknown as ProtocolScore & { model: string };
      expect(json).toMatchObject({
        model: 'tiny.safetensors',
        samples: 1,
        protocol: { name: protocol, ...frames },
        framesRead: 2,
      });
      expect(Object.keys(json.metrics)).toEqual(metrics);
      expect(json.kinds['best-guess']!.psnr).toMatchObject({ mean: expect.any(Number) as number, standardError: null });
      expect(json.published.length).toBeGreaterThan(4);
      expect([json.skipped, json.unprocessed, json.clips.length]).toEqual([[], 0, 1]);
    },
    60_000,
  );

  test('draws 10 samples without --samples; without a protocol 4', async () => {
    const own = ['--context', '2', '--horizon', '1', '--from', '2'];
    expect(jsonOf(await pxvInProcess(evaluate('own', ...own, '--json'), here)).samples).toBe(10);
    const plain = await pxvInProcess(evaluate('own', '--horizon', '1', '--starts', '1', '--json'), here);
    expect(jsonOf(plain).samples).toBe(4);
  });

  test("takes a protocol of one's own, and says what of it is read", async () => {
    const own = ['--context', '10', '--horizon', '10', '--from', '10', '--samples', '2'];
    const { code, stdout } = await pxvInProcess(evaluate('own', ...own), here);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^protocol of your own: given clips, 10 frames given, 10 predicted, 5x7 in colour, from /);
    expect(stdout).toMatch(/^given frames: of 10 the model reads 2 at a time: the last 2; /m);
    expect(stdout).toMatch(/^forecast +MSE +MAE +PSNR$/m);
    expect(stdout).not.toMatch(/published|second-hand|source/);
    const two = await pxvInProcess(evaluate('own', '--context', '2', '--samples', '1', '--limit', '1'), here);
    expect(two.stdout).toMatch(/^given frames: all 2 are read$/m);
    expect(two.stdout).toMatch(/windows spread over each clip\n/);
  });

  test('refuses windows spread over a clip where the first frame is fixed', async () => {
    const own = ['--context', '2', '--horizon', '1', '--from', '2', '--starts', '5'];
    const { code, stderr } = await pxvInProcess(evaluate('own', ...own), here);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--from.*--starts|--starts.*--from/);
  });

  test('writes a row for each clip, frames ahead, forecast and metric', async () => {
    const own = ['--context', '2', '--horizon', '3', '--samples', '1', '--csv', 'own.csv'];
    const outcome = await pxvInProcess(evaluate('own', ...own, '--json'), here);
    const { clips, csv } = jsonOf(outcome) as unknown as ProtocolScore & { csv: string };
    expect(csv).toBe('own.csv');
    const [titles, ...rows] = readFileSync(join(folder.path, csv), 'utf8').trimEnd().split('\n');
    expect(titles).toBe('clip,horizon,forecast,metric,value');
    const expected = clips.flatMap(({ name, byFrame, kinds }) =>
      Object.entries(byFrame).flatMap(([kind, metrics]) =>
        Object.entries(metrics).flatMap(([metric, values]) => {
          const mean = kinds[kind as 'sample']![metric as 'mse']!;
          expect(values.reduce((sum, value) => sum + value, 0) / 3).toBeCloseTo(mean, 9);
          return values.map((value, h) => `${name},${h + 1},${kind},${metric},${value}`);
        }),
      ),
    );
    expect(rows).toEqual(expected);
    const again = await pxvInProcess(evaluate('own', ...own), here);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/own\.csv: .*--overwrite/) as string });
  });

  test('a report shows the same table, and curves of each metric', async () => {
    const own = ['--context', '2', '--horizon', '3', '--samples', '2', '--json'];
    const { stdout } = await pxvInProcess(evaluate('own', ...own), here);
    writeFileSync(join(folder.path, 'score.json'), stdout);
    const outcome = await pxvInProcess(['report', 'score.json', '--out', 'score.html', '--json'], here);
    expect(outcome).toMatchObject({ code: 0 });
    const [{ title, blocks }] = jsonOf(outcome).sections as { title: string; blocks: Record<string, unknown>[] }[];
    expect(title).toBe('score.json: tiny.safetensors, own protocol');
    expect(blocks.map((block) => block.title)).toEqual([
      'forecasts under a protocol of your own',
      ...['MSE', 'MAE', 'PSNR'].map((name) => `${name} by frames ahead`),
      'protocol',
    ]);
    expect(blocks[0].rows).toHaveLength(5);
    expect(blocks[1]).toMatchObject({ x: { to: 3 }, lines: { length: 5 } });
    const incomplete = { ...(JSON.parse(stdout) as object), kinds: { best: {} } };
    writeFileSync(join(folder.path, 'incomplete.json'), JSON.stringify(incomplete));
    const refused = await pxvInProcess(['report', 'incomplete.json', '--out', 'no.html'], here);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/or an incomplete one/) as string });
  });

  test.each([
    [2, ['own', '--protocol', 'kth'], /argument 'kth' is invalid\. Allowed choices are moving-mnist, kth-64, bair-64/],
    [2, ['own', '--protocol', 'kth-64', '--horizon', '3'], /--protocol .* cannot be used with option '--horizon/],
    [2, ['own', '--context', '4', '--adapt'], /'--context .* cannot be used with option '--adapt'/],
    [2, ['own', '--from', '4'], /--from: expected --context beside it/],
    [2, ['own', '--context', '4', '--horizon', '0'], /--horizon: expected 1 or more beside --context, received 0/],
    [2, ['own', '--limit', '4'], /--limit: expected --protocol or --context beside it/],
    [2, ['own', '--context', '4', '--from', '3'], /--from: expected at least 4, after 4 given frames, received 3/],
    [1, ['own', '--protocol', 'moving-mnist'], /own: expected frames of 64x64 for moving-mnist, received 5x7/],
    [1, ['own', '--context', '15'], /own: expected at least 23 frames, 15 before the first predicted one, received 20/],
    [1, ['own', '--protocol', 'bair-64'], /own: expected clips of the split of bair-64 \(the folder test\)/],
    [1, ['empty', '--protocol', 'kth-64'], /look for clips: empty: expected a video file/],
  ])('ends with %i and one line after %j', async (code, args, message) => {
    const outcome = await pxvInProcess(evaluate(...args), here);
    expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: '' });
    expect(outcome.stderr).toMatch(message);
    expect(linesSaid(outcome)).toHaveLength(1);
  });
});
