import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { numberOf } from '../../src/number-of.js';
import { imageFacts } from '../../src/video/image-folder.js';
import { decodedImages } from '../decoded-images.js';
import { listFolder } from '../find-files.js';
import { carve } from '../held-out.js';
import type { DescribedImages, ImageSet, OpenOptions, Split, TrainingSplit } from '../image-set.js';
import { unreadable, wrongFile } from '../read-file.js';

const imageName = /\.(?:png|jpe?g|webp|tiff?|avif|gif)$/i;
const natural = new Intl.Collator('en', { numeric: true });
/** What folders of splits are called. */
const splitNames: Record<Split, RegExp> = {
  train: /^train(?:ing)?$/i,
  validation: /^val(?:id|idation)?$/i,
  test: /^test(?:ing)?$/i,
};

/** Any folder of images. It has no name in the registry: its path is its name. */
export const folder: ImageSet = {
  name: 'folder',
  title: 'any folder of images',
  size: null,
  channels: null,
  levels: 256,
  counts: null,
  files: [],
  cacheName: 'folder',
  async open(root, split, options = {}) {
    const { place, whole } = await findSplit(root, split);
    const paths = await listImages(place);
    const { size, channels } = await shapeOf(paths, options);
    const { width, height } = size;
    const origin = `${numberOf(paths.length, 'image')} of the folder ${basename(place)}, at ${width}x${height}`;
    const images = await decodedImages(
      { width, height, channels, levels: 256, origin, files: paths },
      paths,
      false,
      options,
    );
    return whole ? images : carve(images, split as TrainingSplit);
  },
};

/** What the images to learn from are brought to; nothing is decoded. */
export async function folderShape(root: string, options: OpenOptions): Promise<DescribedImages> {
  const { place } = await findSplit(root, 'train');
  return { ...(await shapeOf(await listImages(place), options)), levels: 256 };
}

/** The folder that holds a split: all of its images, or those of which a part is held out. */
async function findSplit(root: string, split: Split): Promise<{ place: string; whole: boolean }> {
  const names = await listFolder(root);
  const place = (of: Split) => names.find((name) => splitNames[of].test(name));
  const part = place(split) ?? (split === 'validation' ? place('train') : undefined);
  if (part !== undefined)
    return { place: join(root, part), whole: split === 'test' || place('validation') !== undefined };
  // One folder alone is a set of its own; but what was set apart as one split is never used as another.
  const others = names.filter((name) => Object.values(splitNames).some((pattern) => pattern.test(name)));
  if (others.length > 0) throw wrongFile(root, `a folder for '${split}'`, `folders ${others.join(' and ')} alone`);
  return { place: root, whole: split === 'test' };
}

async function listImages(place: string): Promise<string[]> {
  const paths = await listImagesBelow(place);
  if (paths.length > 0) return paths;
  throw wrongFile(place, 'images (PNG, JPEG, WebP, TIFF, AVIF or GIF)', 'a folder without any');
}

/** The longer side of what larger images are brought to where no size is asked. */
const LARGEST_SIDE = 64;
/** Images whose sizes are looked at then, spread evenly over the folder. */
const LOOKED_AT = 100;

/**
 * The size and the colours that are asked for, else those of the first image. Where that is large, images of one size are
 * shrunk, and others become squares.
 */
async function shapeOf(paths: readonly string[], options: OpenOptions): Promise<Omit<DescribedImages, 'levels'>> {
  const { channels: own, width, height } = await imageFacts(paths[0]);
  const channels = options.channels ?? own;
  const scale = LARGEST_SIDE / Math.max(width, height);
  if (options.size !== undefined || scale >= 1)
    return { size: options.size ?? { width, height }, channels, note: null };
  const count = Math.min(LOOKED_AT, paths.length);
  let areAlike = true;
  for (let i = 0; i < count; i++) {
    // One that cannot be read is told of where it is decoded.
    const facts = await imageFacts(paths[Math.floor((i * paths.length) / count)]).catch(() => null);
    areAlike &&= facts === null || (facts.width === width && facts.height === height);
  }
  const shrunk = (side: number) => Math.max(1, Math.round(side * scale));
  const size = areAlike
    ? { width: shrunk(width), height: shrunk(height) }
    : { width: LARGEST_SIDE, height: LARGEST_SIDE };
  const are = areAlike ? `of ${width}x${height}` : 'of several sizes';
  const note = `images ${are} are brought to ${size.width}x${size.height}; --size chooses another size`;
  return { size, channels, note };
}

/**
 * Paths of the images in a folder and the folders below it, in natural order. Links to images count as images, links to
 * folders are not followed, lest they lead in circles, and hidden entries are passed over.
 */
export async function listImagesBelow(place: string): Promise<string[]> {
  const entries = await readdir(place, { withFileTypes: true, recursive: true }).catch(unreadable(place));
  return entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && imageName.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !path
          .slice(place.length)
          .split(/[/\\]/)
          .some((part) => part.startsWith('.')),
    )
    .sort((a, b) => natural.compare(a, b) || (a < b ? -1 : 1));
}
