/** An image and the pictures that parts of it are looked for in: see `templateMatching`. */
export interface TemplateMatchingShape {
  height: number;
  width: number;
  channels: number;
  /** Pictures that are searched. */
  references: number;
  /** Pixels that a template may have moved, down or across. */
  reach: number;
  /** Pixels that a template reaches to the left, up and to the right. */
  margin: number;
  costs: TemplateCosts;
}

/** What a place costs by its distance, and which costs of a template are small, and usual; whole numbers. */
export interface TemplateCosts {
  /** For each pixel down and across. */
  distance: number;
  /** 4 or more, so that the place that fits best always counts. */
  small: number;
  usual: number;
}

/** Chosen for three channels of 256 levels; in proportion for others. */
export function templateCosts(channels: number, levels: number): TemplateCosts {
  const share = (channels * (levels - 1)) / (3 * 255);
  const scaled = (cost: number, least: number) => Math.max(least, Math.round(cost * share));
  return { distance: scaled(3, 1), small: scaled(60, 4), usual: scaled(400, 4) };
}

/** The nearest pixels of a template count this often. */
const NEAREST_WEIGHT = 6;

/**
 * The widest template, and how far it may be looked for: costs of three channels of 256 levels fit in 16 bits, sums of weights and
 * squares in the 53 of a float64.
 */
export const MOST_TEMPLATE_MARGIN = 3;
export const MOST_TEMPLATE_REACH = 9;

/** The pixels of a template, all before the one in hand in raster order, and how often each counts. */
export function templateTaps(margin: number): { dy: number; dx: number; weight: number }[] {
  const taps = [];
  for (let dy = -margin; dy <= 0; dy++)
    for (let dx = -margin; dx <= (dy < 0 ? margin : -1); dx++)
      taps.push({ dy, dx, weight: Math.max(1, Math.floor(NEAREST_WEIGHT / (Math.abs(dy) + Math.abs(dx)))) });
  return taps;
}

/** A shape in the order of native/template_matching.h. */
export function templateNumbers(shape: TemplateMatchingShape): number[] {
  const { height, width, channels, references, reach, margin, costs } = shape;
  return [height, width, channels, references, reach, margin, costs.distance, costs.small, costs.usual];
}

/** Features of a pixel that `templateMatching` gives for each reference. */
export function templateFeatures({ channels }: Pick<TemplateMatchingShape, 'channels'>): number {
  return 2 * channels + 3;
}
