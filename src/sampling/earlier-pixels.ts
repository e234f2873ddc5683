import { localRegressionFeatures } from '../backend/local-regression-shape.js';
import { LocalRegression } from '../backend/typescript/local-regression.js';
import { TemplateMatcher } from '../backend/typescript/template-matching.js';
import type { NetworkDescription } from '../model/description.js';
import { anchorCount, subPixelScale } from '../model/image-input.js';
import type { PixelView } from '../model/heads/index.js';
import { regressionShape, writeNothingRegressed } from '../model/regression-input.js';
import {
  scaleTemplateInput,
  templateInputFeatures,
  templateShape,
  writeNothingFound,
} from '../model/template-input.js';

/** What a network reads of what is made of the pixels before each pixel of an image that is drawn: see `earlierInput`. */
export class EarlierPixels {
  private readonly matcher: TemplateMatcher | null;
  private readonly regression: LocalRegression | null;
  private readonly ofTemplates: number;
  private readonly features: number;
  private readonly gain: number;
  private readonly stride: number;
  /** Whether there is anything to look in, for the image at hand. */
  private sought = false;

  /** @param read where the network reads it, height x width x features */
  constructor(
    private readonly description: NetworkDescription,
    private readonly read: Float32Array,
  ) {
    const [templates, regressed] = [templateShape(description), regressionShape(description)];
    this.matcher = templates === null ? null : new TemplateMatcher(templates);
    this.regression = regressed === null ? null : new LocalRegression(regressed);
    this.ofTemplates = templateInputFeatures(description);
    this.features = this.ofTemplates + (regressed === null ? 0 : localRegressionFeatures(regressed));
    this.gain = subPixelScale(description).gain;
    this.stride = anchorCount(description);
  }

  /** Starts an image, given its anchors and references; null: nothing is made of earlier pixels. */
  begin(anchors: Float32Array | null, references: Float32Array | null): void {
    const { matcher, regression, read, features, ofTemplates } = this;
    this.sought = matcher !== null && references !== null && anchors !== null;
    if (references !== null && anchors !== null) {
      matcher?.begin(references);
      regression?.begin(anchors, this.stride, references);
      return;
    }
    for (let at = 0; at < read.length; at += features) {
      if (matcher !== null) writeNothingFound(matcher.shape, read.subarray(at, at + ofTemplates));
      if (regression !== null) writeNothingRegressed(regression.shape, read.subarray(at + ofTemplates, at + features));
    }
  }

  /** Writes what is read of a pixel; every pixel before it must be known. */
  look(y: number, x: number, pixel: PixelView): void {
    const { matcher, regression, read } = this;
    if (!this.sought || matcher === null) return;
    const to = (y * this.description.size.width + x) * this.features;
    matcher.match(y, x, read, to);
    scaleTemplateInput(matcher.shape, this.gain, pixel, read, to);
    regression?.predict(y, x, read, to + this.ofTemplates);
  }

  /** Takes a pixel, once it is known: its levels stand from `at` on. */
  know(y: number, x: number, levels: ArrayLike<number>, at: number): void {
    if (!this.sought) return;
    this.matcher?.know(y, x, levels, at);
    this.regression?.know(y, x, levels, at);
  }
}
