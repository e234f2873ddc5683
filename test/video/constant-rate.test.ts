import { constantFrameRate, frameRateBetween } from '../../src/video/constant-rate.js';
import { parseVideoStream } from '../../src/video/stream-info.js';

const printed = (perSecond: number) => {
  const { numerator, denominator } = frameRateBetween(perSecond - 0.005, perSecond + 0.005);
  return `${numerator}/${denominator}`;
};

describe('a frame rate', () => {
  it.each([
    [29.97, '30000/1001'],
    [23.98, '24000/1001'],
    [59.94, '60000/1001'],
    [119.88, '120000/1001'],
    [25, '25/1'],
    [12.5, '25/2'],
    [11.11, '100/9'],
    [29.83, '179/6'],
    [0.5, '1/2'],
  ])('printed as %f is %s', (perSecond, fraction) => {
    expect(printed(perSecond)).toBe(fraction);
  });

  it('is the base rate, exactly, where the average agrees within five percent', () => {
    const base = { numerator: 30000, denominator: 1001 };
    expect(constantFrameRate(base, 29.85)).toEqual(base);
    expect(constantFrameRate(base, null)).toEqual(base);
  });

  it('is the average where pictures come at varying times', () => {
    expect(constantFrameRate({ numerator: 30000, denominator: 1001 }, 16.56)).toEqual({
      numerator: 149,
      denominator: 9,
    });
    expect(constantFrameRate({ numerator: 1000, denominator: 1 }, 29.97)).toEqual({
      numerator: 30000,
      denominator: 1001,
    });
  });

  it('is unknown where the file tells only the tick of its clock', () => {
    expect(constantFrameRate({ numerator: 1000, denominator: 1 }, null)).toBeNull();
    expect(constantFrameRate({ numerator: 60, denominator: 1 }, 1000)).toBeNull();
    expect(constantFrameRate({ numerator: 60, denominator: 1 }, 0)).toBeNull();
  });
});

test('a rate between bounds that meet has the 31 bits that FFmpeg takes', () => {
  expect(frameRateBetween(Math.PI, Math.PI)).toEqual({ numerator: 3142, denominator: 1000 });
  expect(frameRateBetween(1 / Math.PI / 1e4, 1 / Math.PI / 1e4)).toEqual({ numerator: 1, denominator: 31416 });
});

describe('the log of FFmpeg', () => {
  const of2018 = [
    "[info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:a.mp4':",
    '[info]     Stream #0:0(und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, stereo, fltp, 137 kb/s (default)',
    '[info]     Stream #0:1(und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, smpte170m), 192x108 [SAR ' +
      '1:1 DAR 16:9], 81 kb/s, 29.97 fps, 29.97 tbr, 30k tbn, 59.94 tbc (default)',
    "[info] Output #0, framecrc, to 'pipe:1':",
    '[info]     Stream #0:0(und): Video: rawvideo (RGBA / 0x34524742), rgba, 192x108, 25 fps',
  ];

  it('of 2018 gives the first video stream of the input', () => {
    const container = 'mov,mp4,m4a,3gp,3g2,mj2';
    const facts = {
      container,
      codec: 'h264',
      averageRate: 29.97,
      duration: null,
      hasAlpha: false,
      alphaInSideStream: false,
    };
    expect(parseVideoStream(of2018)).toEqual(facts);
  });

  it('gives no facts that the words of a title claim', () => {
    const titled = (title: string) => [of2018[0], `[info]     title           : ${title}`, ...of2018.slice(1)];
    const claims = [
      'Stream #0:0: Video: vp8, rgba, 1 fps',
      'Duration: 99:00:00.00',
      '] Output #0',
      "Input #0, a, from '",
    ];
    for (const claim of claims) expect(parseVideoStream(titled(claim))).toEqual(parseVideoStream(of2018));
  });

  it('gives the duration of the input, not of the output', () => {
    const clock = (text: string) => `[info]   Duration: ${text}, start: 0.000000, bitrate: 81 kb/s`;
    const withClock = (text: string) => [of2018[0], clock(text), ...of2018.slice(1), clock('00:00:09.00')];
    expect(parseVideoStream(withClock('01:02:03.50'))?.duration).toBe(3723.5);
    expect(parseVideoStream(withClock('N/A'))?.duration).toBeNull();
  });

  it('of today gives alpha that lies in a side stream, of the first video stream only', () => {
    const stream =
      '[info]   Stream #0:0: Video: vp9 (Profile 0), yuv420p(tv, progressive), 200x200, SAR 1:1 DAR 1:1, 1k ' +
      'fps, 30 tbr';
    const other = '[info]   Stream #0:1: Video: vp9 (Profile 0), yuv420p(tv), 64x64';
    const alpha = '[info]         alpha_mode      : 1';
    expect(parseVideoStream([stream, alpha, other])).toMatchObject({ averageRate: 1000, alphaInSideStream: true });
    expect(parseVideoStream([stream, other, alpha])).toMatchObject({ alphaInSideStream: false });
  });

  it.each(['bgra', 'rgba64be', 'yuva420p(tv)', 'gbrap', 'pal8(pc)', 'ya8'])('shows that %s has alpha', (format) => {
    expect(parseVideoStream([`[info]   Stream #0:0: Video: png, ${format}, 8x8, 10 fps`])?.hasAlpha).toBe(true);
  });

  it('takes no cover picture for a film', () => {
    const cover = '[info]   Stream #0:1: Video: mjpeg (Baseline), yuvj420p(pc), 600x600, 90k tbr (attached pic)';
    expect(parseVideoStream([cover])).toBeNull();
  });
});
