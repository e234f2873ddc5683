import { frameTaker, sizeFor, type Source, type TimedFrame } from './source.js';

/** Maximum frames per second: motion between a camera's own frames is too small. */
const RATE = 10;
/** Maximum length of a recording, in seconds: at 10 frames per second fewer frames than `MAX_FRAMES`. */
export const RECORDED_SECONDS = 20;

/**
 * Asks the user for access to the camera, and opens the camera, which stops by itself after `RECORDED_SECONDS`. Each
 * frame is taken after the frame before is scored: at most 10 per second.
 * @throws Error in words for the user if there is no camera, or access is refused
 */
export async function openCamera(): Promise<Source> {
  const stream = await streamOfCamera();
  const video = document.createElement('video');
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  await video.play().catch((error: unknown) => {
    for (const track of stream.getTracks()) track.stop();
    throw error;
  });
  const take = frameTaker(sizeFor({ width: video.videoWidth, height: video.videoHeight }));
  let isStopped = false;
  async function* frames(): AsyncGenerator<TimedFrame, void> {
    const shoot = () => take((context, { width, height }) => context.drawImage(video, 0, 0, width, height));
    // Shown while the model loads, which is no part of the recording.
    yield { frame: shoot(), time: 0 };
    const began = performance.now();
    let next = began + 1000 / RATE;
    for (let time = 0; !isStopped && time < RECORDED_SECONDS;) {
      await new Promise((resolve) => setTimeout(resolve, next - performance.now()));
      next = Math.max(next + 1000 / RATE, performance.now());
      const frame = shoot();
      time = (performance.now() - began) / 1000;
      yield { frame, time };
    }
    stop();
  }
  const stop = () => {
    isStopped = true;
    for (const track of stream.getTracks()) track.stop();
  };
  return { name: 'Camera', isLive: true, coverage: null, frames, stop };
}

async function streamOfCamera(): Promise<MediaStream> {
  // Undefined if the page came neither from this machine nor through https, whatever its type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new Error('The camera needs a page from https or localhost.');
  try {
    return await devices.getUserMedia({ video: { width: 640, height: 480 } });
  } catch (error) {
    const isRefused = (error as Error).name === 'NotAllowedError';
    throw new Error(isRefused ? 'Access to the camera was denied.' : 'No camera was found.');
  }
}
