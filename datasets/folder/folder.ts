import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pluralize } from '../../src/foundation/pluralize.js';
import { naturalOrder, probeImage } from '../../src/video/image-folder.js';
import { decodedImages } from '../decoded-images.js';
import { listFolder } from '../find-files.js';
import { splitHeldOut } from '../held-out.js';
import type { DescribedImages, ImageSet, OpenOptions, Split, TrainingSplit } from '../image-set.js';
import { unreadable, wrongFile } from '../read-file.js';

const imageName = /\.(?:png|jpe?g|jfif|webp|tiff?|avif|gif)$/i;
/** Names of image files in formats that are not read. */
const otherName = /\.(?:bmp|heic|heif|jxl|jp2|psd|tga|dng|cr2|nef|arw|ppm|pgm|svg)$/i;
/** Names of the folders of each split. */
const splitNames: Record<Split, RegExp> = {
  train: /^train(?:ing)?$/i,
  validation: /^val(?:id|idation)?$/i,
  test: /^test(?:ing)?$/i,
};

/** Data set of any folder of images. The registry does not list this set: users name a folder by its path. */
export const folder: ImageSet = {
  name: 'folder',
  title: 'any folder of images',
  size: null,
  channels: null,
  levels: 256,
  counts: null,
  files: [],
  async open(root, split, options = {}) {
    const { place, whole } = await findSplit(root, split);
    const paths = await listImages(place);
    const { size, channels } = await shapeOf(paths, options);
    const { width, height } = size;
    const shape = `${width}x${height}${channels === 1 ? ', grey' : ''}`;
    const others = await listFilesBelow(place, otherName);
    const without =
      others.length === 0 ? '' : `, without ${others.length} of other kinds, such as ${basename(others[0])}`;
    const learnt = place === root && split === 'test' ? ', those to learn from too' : '';
    const named = `${pluralize(paths.length, 'image')} of the folder ${basename(place)}`;
    const origin = `${named}${learnt}, at ${shape}${without}`;
    const about = { width, height, channels, levels: 256, origin, files: paths } as const;
    const images = await decodedImages(about, paths, false, options);
    return whole ? images : splitHeldOut(images, split as TrainingSplit);
  },
};

/**
 * Returns size, channels and levels of a folder's training images after scaling, without decoding them.
 * @param root folder of images, or of one folder for each split
 * @param options requested size and channels, if any
 * @throws PxvError `INPUT` if `root` cannot be read, has no training images, or none that can be decoded
 */
export async function folderShape(root: string, options: OpenOptions): Promise<DescribedImages> {
  const { place } = await findSplit(root, 'train');
  return { ...(await shapeOf(await listImages(place), options)), levels: 256 };
}

/** Returns the folder of a split. `whole` is false if a part of its images is held out for validation. */
async function findSplit(root: string, split: Split): Promise<{ place: string; whole: boolean }> {
  const names = await listFolder(root);
  const place = (of: Split) => names.find((name) => splitNames[of].test(name));
  const part = place(split) ?? (split === 'validation' ? place('train') : undefined);
  if (part !== undefined)
    return { place: join(root, part), whole: split === 'test' || place('validation') !== undefined };
  // A folder without splits is a set of its own; but images of one split are never used as another.
  const others = names.filter((name) => Object.values(splitNames).some((pattern) => pattern.test(name)));
  if (others.length > 0) throw wrongFile(root, `a folder for '${split}'`, `folders ${others.join(' and ')} alone`);
  return { place: root, whole: split === 'test' };
}

async function listImages(place: string): Promise<string[]> {
  const paths = await listImagesBelow(place);
  if (paths.length > 0) return paths;
  throw wrongFile(place, 'images (PNG, JPEG, WebP, TIFF, AVIF or GIF)', 'a folder without any');
}

/** Maximum longer side of images in pixels if no size is requested. */
const LARGEST_SIDE = 64;
/** Maximum number of images that are probed, spread evenly over the folder. */
const LOOKED_AT = 100;

/**
 * Returns the requested size and channels, or defaults. Images of one size keep it, scaled down to a longer side of 64
 * if larger; images of several sizes become 64x64. The set is grey if all probed images are.
 */
async function shapeOf(paths: readonly string[], options: OpenOptions): Promise<Omit<DescribedImages, 'levels'>> {
  const { size, channels } = options;
  if (size !== undefined && channels !== undefined) return { size, channels, note: null };
  const seen = await factsOf(paths);
  const [{ width, height }] = seen;
  const own = { channels: channels ?? (seen.every((image) => image.channels === 1) ? 1 : 3) } as const;
  if (size !== undefined) return { size, ...own, note: null };
  const areAlike = seen.every((image) => image.width === width && image.height === height);
  const scale = areAlike ? LARGEST_SIDE / Math.max(width, height) : null;
  if (scale !== null && scale >= 1) return { size: { width, height }, ...own, note: null };
  const shrunk = (side: number) => (scale === null ? LARGEST_SIDE : Math.max(1, Math.round(side * scale)));
  const brought = { width: shrunk(width), height: shrunk(height) };
  const are = areAlike ? `of ${width}x${height}` : 'of several sizes';
  const note = `images ${are} are brought to ${brought.width}x${brought.height}; --size chooses another size`;
  return { size: brought, ...own, note };
}

/**
 * Returns size and channels of a sample of the readable images; unreadable images are reported when they are decoded.
 * @returns at least one
 */
async function factsOf(paths: readonly string[]): Promise<Awaited<ReturnType<typeof probeImage>>[]> {
  const count = Math.min(LOOKED_AT, paths.length);
  const seen: Awaited<ReturnType<typeof probeImage>>[] = [];
  for (let i = 0; i < count; i++) {
    const facts = await probeImage(paths[Math.floor((i * paths.length) / count)]).catch(() => null);
    if (facts !== null) seen.push(facts);
  }
  return seen.length > 0 ? seen : [await probeImage(paths[0])];
}

/**
 * Returns the paths of the images in a folder and the folders below, in natural order. Includes links to images, but
 * does not follow links to folders, which could form cycles. Skips hidden entries.
 * @throws PxvError `INPUT` if `place` cannot be read
 */
export async function listImagesBelow(place: string): Promise<string[]> {
  return listFilesBelow(place, imageName);
}

async function listFilesBelow(place: string, wanted: RegExp): Promise<string[]> {
  const paths: string[] = [];
  // The recursive `readdir` of Node.js 26 follows links to folders.
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(unreadable(folder))) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) await visit(path);
      else if ((entry.isFile() || entry.isSymbolicLink()) && wanted.test(entry.name)) paths.push(path);
    }
  };
  await visit(place);
  return paths.sort((a, b) => naturalOrder.compare(a, b) || (a < b ? -1 : 1));
}
