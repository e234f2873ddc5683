import { ALL_FORMATS, BlobSource, Input, VideoSampleSink } from 'mediabunny';
import { frameTaker, MAX_FRAMES, sizeFor, type Source, type TimedFrame } from './source.js';

/**
 * Opens a video file, whose first `MAX_FRAMES` frames the browser decodes.
 * @param name name of the file, for the user
 * @throws Error in words for the user if the browser cannot decode the file
 */
export async function openClip(file: Blob, name: string): Promise<Source> {
  const input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
  const unreadable = (what: string) => new Error(`${name}: ${what}. Try an MP4 or WebM file.`);
  const track = await input.getPrimaryVideoTrack().catch(() => {
    throw unreadable('this is not a readable video file');
  });
  if (track === null) throw unreadable('there is no video in this file');
  if (!(await track.canDecode())) throw unreadable('this browser has no decoder for this video');
  const width = await track.getDisplayWidth();
  const height = await track.getDisplayHeight();
  const { averagePacketRate } = await track.computePacketStats(100);
  const seconds = await track.computeDuration();
  const isLong = seconds * averagePacketRate > MAX_FRAMES + 1;
  const looked = (MAX_FRAMES / averagePacketRate).toFixed(0);
  let isStopped = false;
  async function* frames(): AsyncGenerator<TimedFrame, void> {
    const take = frameTaker(sizeFor({ width, height }));
    let count = 0;
    for await (const sample of new VideoSampleSink(track!).samples()) {
      if (!isStopped)
        yield {
          frame: take((context, size) => sample.draw(context, 0, 0, size.width, size.height)),
          time: sample.timestamp,
        };
      sample.close();
      if (isStopped) return;
      if (++count === MAX_FRAMES) return;
    }
  }
  return {
    name,
    isLive: false,
    frames,
    coverage: isLong ? `the first ${looked} s of ${seconds.toFixed(0)} s` : null,
    stop: () => (isStopped = true),
  };
}
