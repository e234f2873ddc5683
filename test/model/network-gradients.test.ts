import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import { buildNetwork, scoreNetwork } from '../../src/model/network.js';
import type { ParameterSpec } from '../../src/backend/parameters.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { toTensors } from '../../src/model/model.js';
import { fastest, forms } from '../backend/implementations.js';
import { referenceCondition } from '../conditioning/reference-conditioning.js';
import { referenceExample, referenceScore } from './reference-network.js';
import { thinOut } from '../extent.js';
import { checkParameters, total } from './parameter-gradients.js';
import { referenceWeights } from './reference-planes.js';
import { framedNetworks, randomExamples, randomWeights, tinyNetworks } from './tiny-networks.js';

beforeEach(() => tf.setBackend(fastest));

function checkNetwork(description: NetworkDescription): void {
  const network = buildNetwork(description);
  const weights = randomWeights(network, 7);
  const examples = randomExamples(description, 1, 8);
  const parameters = toTensors(weights, network.parameters);
  const { grads } = tf.valueAndGrads((...tensors) => tf.sum(scoreNetwork(network, tensors, examples).nats))(parameters);
  const example = referenceExample(examples, 0);
  const reference = (values: readonly ArrayLike<number>[]) => referenceWeights(network.parameters, values);
  // Where no parameter of a conditioning differs, what it makes of the example is as it was.
  const condition = referenceCondition(description, reference(weights), example);
  const isOfConditioning = ({ name }: ParameterSpec) =>
    description.conditioning.some(({ type }) => name.startsWith(`${type}.`));
  checkParameters(network.parameters, weights, grads, (values) => {
    const same = network.parameters.every((spec, at) => values[at] === weights[at] || !isOfConditioning(spec));
    if (same) return total(referenceScore(description, reference(values), example, condition).nats);
    // Local regression takes what is expected as given: no gradient goes through it.
    const other = {
      ...referenceCondition(description, reference(values), example),
      regressedOn: condition.regressedOn,
    };
    return total(referenceScore(description, reference(values), example, other).nats);
  });
  tf.dispose([...grads, ...parameters]);
  disposeExamples(examples);
}

describe('gradients of the nats are those of the float64 reference in every parameter, with the conditioning,', () => {
  test.each(thinOut([...tinyNetworks, ...framedNetworks]))('%s', (_, description) => checkNetwork(description));

  test.each(forms.filter((form) => form !== fastest))('on %s, where frames move', async (form) => {
    await tf.setBackend(form);
    const [, description] = framedNetworks.find(([name]) => name.endsWith('together, warped-frames of 2'))!;
    checkNetwork(description);
  });
});
