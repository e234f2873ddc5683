/** The picture at the top of the README. */
export const FIRST_PREDICTION = 'docs/samples/first-prediction.gif';

/** Returns the arguments of the README's first `npx pxv predict`, with another output. */
export function firstPrediction(readme: string, out: string): string[] {
  const [, command] = /npx pxv (predict .+)$/m.exec(readme) ?? [];
  if (command === undefined)
    throw new TypeError('first prediction: expected a README with npx pxv predict, found none');
  const words = command.split(' ');
  words[words.indexOf('--out') + 1] = out;
  return words;
}
