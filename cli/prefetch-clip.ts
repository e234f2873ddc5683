/**
 * Starts to find FFmpeg and to probe a clip, while the command loads other modules and its model. Errors surface where
 * the clip is opened.
 * @param path clip as it will be opened; a folder is left alone
 */
export async function prefetchClip(path: string, signal: AbortSignal): Promise<void> {
  const { findFfmpeg } = await import('../src/video/ffmpeg-binary.js');
  void findFfmpeg().catch(() => null);
  const { prefetchProbe } = await import('../src/video/index.js');
  prefetchProbe(path, signal);
}
