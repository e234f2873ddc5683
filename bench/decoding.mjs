// Draws a frame and decodes it, in turn, on one thread: milliseconds of a processor, the medians, and their ratio.
//
// usage: node bench/decoding.mjs [MODEL] [PAIRS] [INSTRUCTION_SET]    default video-64, 10, the machine's
import { chooseBackend, FrameHistory, FrameSampler, loadModel, openClip } from '../dist/src/index.js';
import { FrameCoder } from '../dist/src/coding/frame-coder.js';
import { bytesToLevels } from '../dist/src/foundation/levels.js';
import { disposeExamples, ExampleBuffer } from '../dist/src/conditioning/context/examples.js';
import { MODEL_DISTRIBUTION } from '../dist/src/model/sampling-settings.js';
import { parseArguments } from './arguments.mjs';

const { positionals } = parseArguments({ positionals: [0, 3] });
const [name = 'video-64', pairs = '10', instructionSet] = positionals;
await chooseBackend({ threads: 1, ...(instructionSet && { instructionSet }) });
const model = loadModel(name);
const shape = model.chain.exampleShape;
const clip = await openClip('examples/asl_yes.mkv', { size: shape.size, channels: shape.channels });
const history = new FrameHistory(shape);
const frames = [];
for await (const { data } of clip.frames()) frames.push(data);
for (const data of frames.slice(0, 20)) history.push(data);

const sampler = new FrameSampler(model);
const coder = new FrameCoder(model);
const buffer = new ExampleBuffer(shape, 1);
history.addExample(buffer, frames[20]);
const examples = buffer.tensors();
const [{ scales }] = await coder.encode(examples);
disposeExamples(examples);
const truth = bytesToLevels(shape, frames[20]);

const ways = {
  draw: (frame) =>
    sampler.draw(FrameHistory.examples([history]), { seed: 1, samples: 1, frame, settings: MODEL_DISTRIBUTION }),
  decode: () => coder.decode(FrameHistory.examples([history]), scales),
};
const times = { draw: [], decode: [] };
for (let pair = 0; pair <= Number(pairs); pair++)
  for (const [way, work] of Object.entries(ways)) {
    const began = process.cpuUsage();
    const found = await work(pair);
    const { user, system } = process.cpuUsage(began);
    if (way === 'decode' && !Buffer.from(found).equals(Buffer.from(truth))) throw new Error('another frame');
    // The first pair fills the pool.
    if (pair > 0) times[way].push((user + system) / 1000);
  }
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const drawn = median(times.draw);
const decoded = median(times.decode);
console.log(
  `drawn ${drawn.toFixed(0)} ms, decoded ${decoded.toFixed(0)} ms, ${(decoded / drawn).toFixed(2)} times; ` +
    `${pairs} pairs`,
);
process.exit();
