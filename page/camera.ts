import { frameTaker, MAX_FRAMES, sizeFor, type Source, type TimedFrame } from './source.js';

/** Maximum frames per second: motion between a camera's own frames is too small. */
const RATE = 10;

/**
 * Asks the user for access to the camera, and opens the camera. Each frame is taken after the frame before is scored:
 * at most 10 per second, and at most `MAX_FRAMES`.
 * @throws Error in words for the user if there is no camera, or access is refused
 */
export async function openCamera(): Promise<Source> {
  const stream = await streamOfCamera();
  const video = document.createElement('video');
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  const take = frameTaker(sizeFor({ width: video.videoWidth, height: video.videoHeight }));
  let isStopped = false;
  async function* frames(): AsyncGenerator<TimedFrame, void> {
    const began = performance.now();
    let next = began;
    for (let count = 0; !isStopped && count < MAX_FRAMES; count++) {
      await new Promise((resolve) => setTimeout(resolve, next - performance.now()));
      next = Math.max(next + 1000 / RATE, performance.now());
      const frame = take((context, { width, height }) => context.drawImage(video, 0, 0, width, height));
      yield { frame, time: (performance.now() - began) / 1000 };
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
