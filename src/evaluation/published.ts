/** Published result, in the unit in which its data set is scored. @inline */
export interface PublishedScore {
  /** Name of the model in the paper. */
  model: string;
  /** Bits/dim; nats per image for binarised digits. */
  value: number;
  /** True if `value` is an upper bound. */
  isUpperBound?: true;
  /** ArXiv number of the paper that gives `value`. */
  source: string;
}

/** Published results on the test images of one data set. @inline */
export interface Published {
  /** Test images in words. */
  images: string;
  /** Results, best first. */
  scores: readonly PublishedScore[];
}

/** Published results by name of the data set. All are checked against their sources. */
export const publishedScores: Readonly<Record<string, Published>> = {
  'binarized-mnist': {
    images: 'all 10,000 test images',
    scores: [
      { model: 'Diagonal BiLSTM, 7 layers, h = 16', value: 79.2, source: '1601.06759' },
      { model: 'Diagonal BiLSTM, 1 layer, h = 32', value: 80.75, source: '1601.06759' },
      { model: 'DRAW', value: 80.97, isUpperBound: true, source: '1601.06759' },
      { model: 'DARN', value: 84.13, source: '1601.06759' },
      { model: 'EoNADE-5', value: 84.68, source: '1601.06759' },
      { model: 'NADE', value: 88.33, source: '1601.06759' },
    ],
  },
  cifar: {
    images: 'all 10,000 test images',
    scores: [
      { model: 'Sparse Transformer', value: 2.8, source: '1904.10509' },
      { model: 'PixelSNAIL', value: 2.85, source: '1712.09763' },
      { model: 'PixelCNN++', value: 2.92, source: '1701.05517' },
      { model: 'Diagonal BiLSTM, 12 layers, h = 128', value: 3.0, source: '1601.06759' },
      { model: 'Gated PixelCNN', value: 3.03, source: '1606.05328' },
      { model: 'Row LSTM, 12 layers, h = 128', value: 3.07, source: '1601.06759' },
      { model: 'PixelCNN, 15 layers, h = 128', value: 3.14, source: '1601.06759' },
    ],
  },
  imagenet32: {
    images: 'the down-sampling of 2016, in PNG files, which that of the npz files is not',
    scores: [
      { model: 'PixelSNAIL', value: 3.8, source: '1712.09763' },
      { model: 'Gated PixelCNN', value: 3.83, source: '1606.05328' },
      { model: 'Row LSTM, 12 layers, h = 384', value: 3.86, source: '1601.06759' },
    ],
  },
  imagenet64: {
    images: 'the down-sampling of 2016, in PNG files, which that of the npz files is not',
    scores: [
      { model: 'PixelSNAIL', value: 3.52, source: '1712.09763' },
      { model: 'Gated PixelCNN', value: 3.57, source: '1606.05328' },
      { model: 'Row LSTM, 4 layers, h = 512', value: 3.63, source: '1601.06759' },
    ],
  },
};
