import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { imageFacts } from '../../src/video/image-folder.js';
import { decodedImages } from '../decoded-images.js';
import { listFolder } from '../find-files.js';
import { carve } from '../held-out.js';
import type { Images, ImageSet, OpenOptions, Split } from '../image-set.js';
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
    const names = await listFolder(root);
    const place = (of: Split) => names.find((name) => splitNames[of].test(name));
    const part = place(split) ?? (split === 'validation' ? place('train') : undefined);
    if (part !== undefined) {
      const images = await openImages(join(root, part), options);
      return split === 'test' || place('validation') !== undefined ? images : carve(images, split);
    }
    // One folder alone is a set of its own; but what was set apart as one split is never used as another.
    const others = names.filter((name) => Object.values(splitNames).some((pattern) => pattern.test(name)));
    if (others.length > 0) throw wrongFile(root, `a folder for '${split}'`, `folders ${others.join(' and ')} alone`);
    const images = await openImages(root, options);
    return split === 'test' ? images : carve(images, split);
  },
};

async function openImages(place: string, options: OpenOptions): Promise<Images> {
  const paths = await listImagesBelow(place);
  if (paths.length === 0) throw wrongFile(place, 'images (PNG, JPEG, WebP, TIFF, AVIF or GIF)', 'a folder without any');
  const first = await imageFacts(paths[0]);
  const { width, height } = options.size ?? first;
  const channels = options.channels ?? first.channels;
  const origin = `${paths.length} images of the folder ${basename(place)}, at ${width}x${height}`;
  return decodedImages({ width, height, channels, levels: 256, origin, files: paths }, paths, false, options);
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
