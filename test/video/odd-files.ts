import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openClip } from '../../src/video/clip-reader.js';
import { collect, livingFfmpegs, meanAbsoluteError } from './made-clips.js';

const folder = join(import.meta.dirname, '../../../shared/data/odd');
const { PXV_FFMPEG } = process.env;

interface Expectation {
  frames: number;
  /** Width and height of the upright picture with square pixels. */
  size: string;
  rate: string;
  /** Frames with the FFmpeg of 2018 where they differ; null where it finds none. */
  frames2018?: number | null;
}

const readable: Record<string, Expectation> = {
  'all_black.mp4': { frames: 10, size: '64x64', rate: '10/1' },
  'anim.gif': { frames: 15, size: '96x54', rate: '10/1' },
  'anim.png': { frames: 15, size: '96x54', rate: '10/1' },
  'base_192.mp4': { frames: 45, size: '192x108', rate: '30000/1001' },
  'found_10bit_vp9.webm': { frames: 72, size: '426x240', rate: '24000/1001' },
  'found_1x1_5frames.mp4': { frames: 5, size: '1x1', rate: '1/1' },
  'found_3frames.mp4': { frames: 3, size: '560x320', rate: '10/1' },
  'found_64x64_5frames.y4m': { frames: 5, size: '114x64', rate: '25/1' },
  'found_alpha_vp9.webm': { frames: 150, size: '200x200', rate: '30/1' },
  'found_av1.mp4': { frames: 30, size: '1080x720', rate: '30000/1001' },
  'found_flv.flv': { frames: 30, size: '1080x720', rate: '30/1', frames2018: 29 },
  'found_fragmented.mp4': { frames: 30, size: '1080x720', rate: '30000/1001', frames2018: 32 },
  'found_h263_vfr.3gp': { frames: 71, size: '384x288', rate: '99/7', frames2018: 72 },
  'found_mdat_too_long.mp4': { frames: 30, size: '1080x720', rate: '30000/1001' },
  'found_mpeg2_3frames.ts': { frames: 3, size: '640x426', rate: '30000/1001' },
  'found_numbered_frames_vp9.webm': { frames: 100, size: '1080x1080', rate: '30/1' },
  'found_odd_161x121_vp9.webm': { frames: 30, size: '161x121', rate: '2997/100' },
  'found_rot270_10bit_hevc.mp4': { frames: 9, size: '1080x1920', rate: '30/1' },
  'found_rot90_h264.mp4': { frames: 23, size: '288x352', rate: '30000/1001' },
  'found_sar_2x1.mp4': { frames: 150, size: '1280x360', rate: '30/1' },
  'found_smallest.webm': { frames: 1, size: '8x8', rate: '25/1', frames2018: null },
  'gray10_ffv1.mkv': { frames: 45, size: '96x54', rate: '30000/1001' },
  'gray8_ffv1.mkv': { frames: 45, size: '96x54', rate: '30000/1001' },
  'hevc_10bit.mp4': { frames: 45, size: '192x108', rate: '30000/1001' },
  'interlaced_tff.mpg': { frames: 30, size: '512x288', rate: '15000/1001' },
  'mjpeg.avi': { frames: 45, size: '192x108', rate: '30000/1001' },
  'noise.mp4': { frames: 10, size: '64x64', rate: '10/1' },
  'odd_33x27_444.mp4': { frames: 45, size: '48x27', rate: '30000/1001' },
  'one_frame.mp4': { frames: 1, size: '192x108', rate: '30000/1001' },
  'raw_bgr24.avi': { frames: 45, size: '64x36', rate: '30000/1001' },
  'rotate180_meta.mov': { frames: 45, size: '192x108', rate: '30000/1001' },
  'rotate90_meta.mp4': { frames: 45, size: '108x192', rate: '30000/1001' },
  'sar_2_1.mp4': { frames: 45, size: '384x108', rate: '30000/1001' },
  'truncated_60pct.mp4': { frames: 7, size: '192x108', rate: '30000/1001' },
  'two_frames.mp4': { frames: 2, size: '192x108', rate: '30000/1001' },
  'two_video_streams.mkv': { frames: 45, size: '192x108', rate: '30000/1001' },
  'vfr.mp4': { frames: 25, size: '192x108', rate: '149/9', frames2018: 24 },
  'vp9_small.webm': { frames: 45, size: '192x108', rate: '30000/1001' },
  'wrong_extension_mp4.avi': { frames: 45, size: '192x108', rate: '30000/1001' },
};

const withoutPicture = [
  ['audio_only.mp4', 'received a file without a video stream'],
  ['found_audio_only_opus.mp4', 'received a file without a video stream'],
  ['found_invalid_bitstream_vp9.webm', 'received nothing that can be decoded (FFmpeg: Invalid sync code'],
  ['found_smallest.avi', 'received nothing that can be decoded (FFmpeg: Cannot determine format of input'],
  ['found_smallest.gif', 'received a file without pictures'],
  ['found_smallest.mp4', 'received a file without a video stream'],
  ['found_smallest_with_audio.mp4', 'received a file without a video stream'],
  ['found_subtitles_only.mkv', 'received a file without a video stream'],
  ['random_bytes.mp4', 'received nothing that can be decoded (FFmpeg: moov atom not found'],
  ['text.mp4', 'received nothing that can be decoded (FFmpeg: moov atom not found'],
  ['truncated_no_moov.mp4', 'received nothing that can be decoded (FFmpeg: moov atom not found'],
  ['zero_bytes.mp4', 'received an empty file'],
] as const;

/** Checks every odd file with one FFmpeg; skipped where the collection does not lie beside the repository. */
export function describeOddFiles(name: string, program: string): void {
  (existsSync(folder) ? describe : describe.skip)(`of the odd files, with ${name},`, () => oddFiles(program));
}

function oddFiles(program: string): void {
  const is2018 = program.includes('@ffmpeg-installer');
  const size = { width: 48, height: 27 };
  const frames = async (name: string) => collect((await openClip(join(folder, name), { size, channels: 3 })).frames());

  beforeAll(() => {
    process.env.PXV_FFMPEG = program;
  });
  afterAll(() => {
    if (PXV_FFMPEG === undefined) delete process.env.PXV_FFMPEG;
    else process.env.PXV_FFMPEG = PXV_FFMPEG;
    expect(livingFfmpegs()).toEqual([]);
  });

  it.each(Object.entries(readable))('%s is read', async (name, expected) => {
    const count = is2018 && expected.frames2018 !== undefined ? expected.frames2018 : expected.frames;
    const clip = await openClip(join(folder, name), { size, channels: 3 });
    const { sourceSize, frameRate } = clip;
    expect(`${sourceSize.width}x${sourceSize.height}`).toBe(expected.size);
    expect(`${frameRate.numerator}/${frameRate.denominator}`).toBe(expected.rate);
    if (count === null) {
      await expect(collect(clip.frames())).rejects.toMatchObject({ code: 'INPUT' });
      return;
    }
    expect((await collect(clip.frames())).length).toBe(count);
    if (name === 'truncated_60pct.mp4')
      expect(clip.warning).toMatch(/read 7 frames, with errors: [^\n]+ \(and \d+ more\)$/);
    else if (/vfr/.test(name))
      expect(clip.warning).toMatch(/^pictures at uneven times, brought to their mean rate of 1[46]\.\d+ /);
    else expect(clip.warning).toBeNull();
  });

  it.each(withoutPicture)('%s is refused in one line, %s', async (name, reason) => {
    const opening = openClip(join(folder, name), { size, channels: 3 });
    await expect(opening).rejects.toMatchObject({ code: 'INPUT', message: expect.stringContaining(reason) as string });
    await expect(opening).rejects.toThrow(/^read video: [^\n]*; [^\n]*$/);
  });

  it('rotate180_meta.mov is base_192.mp4 upside down', async () => {
    const [upright] = await frames('base_192.mp4');
    const [turned] = await frames('rotate180_meta.mov');
    const pixels = Array.from({ length: upright.data.length / 3 }, (_, pixel) =>
      upright.data.subarray(3 * pixel, 3 * pixel + 3),
    );
    const upsideDown = Uint8Array.from(pixels.reverse().flatMap((pixel) => [...pixel]));
    expect(meanAbsoluteError({ ...upright, data: upsideDown }, turned)).toBeLessThan(1);
    expect(meanAbsoluteError(upright, turned)).toBeGreaterThan(20);
  });

  it('rotate90_meta.mp4 is base_192.mp4 turned by a quarter, counter-clockwise', async () => {
    const read = async (name: string, width: number, height: number) => {
      const clip = await openClip(join(folder, name), { size: { width, height }, channels: 1 });
      return (await collect(clip.frames()))[0];
    };
    const upright = await read('base_192.mp4', 48, 27);
    const turned = await read('rotate90_meta.mp4', 27, 48);
    const back = Uint8Array.from(upright.data, (_, at) => turned.data[(47 - (at % 48)) * 27 + Math.floor(at / 48)]);
    expect(meanAbsoluteError({ ...upright, data: back }, upright)).toBeLessThan(1.5);
  });

  it('gray8_ffv1.mkv and all_black.mp4 stay grey and black', async () => {
    for (const { data } of await frames('gray8_ffv1.mkv')) {
      expect(data.every((value, at) => value === data[at - (at % 3)])).toBe(true);
    }
    for (const { data } of await frames('all_black.mp4')) expect(Math.max(...data)).toBe(0);
  });

  it('found_alpha_vp9.webm lies over black', async () => {
    const [, , , , , { data }] = await frames('found_alpha_vp9.webm');
    expect(data.filter((value) => value === 0).length).toBeGreaterThan(0.9 * data.length);
  });

  it('the same pictures in other formats are the same', async () => {
    const base = await frames('base_192.mp4');
    for (const name of [
      'hevc_10bit.mp4',
      'vp9_small.webm',
      'mjpeg.avi',
      'two_video_streams.mkv',
      'wrong_extension_mp4.avi',
    ]) {
      const other = await frames(name);
      expect(Math.max(...base.map((frame, index) => meanAbsoluteError(frame, other[index])))).toBeLessThan(5);
    }
  });
}
