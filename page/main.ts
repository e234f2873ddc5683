import type { AnomalyEvent } from '../src/anomaly/event-detector.js';
import { formatClock } from '../src/foundation/format-clock.js';
import type { TrainingSettings } from '../src/training/configuration.js';
import { openCamera, RECORDED_SECONDS } from './camera.js';
import { openClip } from './clip.js';
import { openCoded } from './coded.js';
import { listFacts } from './facts.js';
import { Learning } from './learning.js';
import { LearningView } from './learning-view.js';
import { SHIPPED_MODEL, type ModelChoice } from './messages.js';
import { EventList } from './events.js';
import { Panels } from './panels.js';
import { describeProgress } from './progress.js';
import { AHEAD, Session } from './session.js';
import type { Source } from './source.js';
import { drawTimeline } from './timeline.js';

const find = <E extends HTMLElement>(selector: string) => document.querySelector<E>(selector)!;
const slider = find<HTMLInputElement>('#shown');
const modelChoice = find<HTMLSelectElement>('#model');
const learnButton = find<HTMLButtonElement>('#learn');
const panels = new Panels();
const graph = find('#graph');
const events = new EventList(lookAt);
const learningView = new LearningView();

/** Frames per second at which known and predicted frames are played: slow enough to compare. */
const PLAYED = 6;
/** Number of known frames that are played before the predicted ones. */
const BEFORE = 6;

/** Settings of a training of a few minutes: small batches, so that there are more steps, and all weights learn. */
const TRAINING: TrainingSettings = {
  batch: 2,
  stages: [{ trains: 'all', rate: 5e-4, warmUp: 20, decayFrom: 0 }],
};

let session: Session | null = null;
/** Latest training on a video, which goes on if another video is opened. */
let learning: Learning | null = null;
/** File of the model that was learned last; null if there is none. */
let learned: Blob | null = null;
/** Event that the user has selected. */
let chosen: AnomalyEvent | null = null;
let isPlaying = !matchMedia('(prefers-reduced-motion: reduce)').matches;
let isDue = false;
/** Error of opening a source, in words for the user. */
let failure: string | null = null;
/** Number of requests to open a source; only the last request takes effect. */
let asked = 0;
/** True until the last request is answered; the source before it is then still shown. */
let isOpening = false;

/** Schedules one redraw before the next screen refresh, however much has changed. */
function changed(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    draw();
  });
}

function draw(): void {
  showFailure(failure ?? session?.failure ?? null);
  showLearning();
  if (session === null || session.frames.length === 0) return;
  const { frames, isLive, known, maps } = session;
  find('#stage').hidden = false;
  find('#promise').hidden = true;
  document.body.classList.add('opened');
  slider.max = String(frames.length - 1);
  if (isLive) slider.value = String(maps.length);
  const shown = Number(slider.value);
  panels.show(session, shown, chosen !== null && shown >= chosen.from && shown <= chosen.to ? chosen.box : null);
  graph.innerHTML = drawTimeline(session, shown, graph.clientWidth);
  const what = isLive ? 'live' : `frame ${shown + 1} of ${frames.length}`;
  find('#when').textContent = `${formatClock(session.times[shown] - session.times[0])}, ${what}`;
  slider.setAttribute('aria-valuetext', `${what}, ${known !== null && shown < known ? 'known' : 'not known'}`);
  slider.disabled = isLive;
  find('#play').hidden = isLive;
  find('#play').textContent = isPlaying ? 'Pause' : 'Play';
  find('#from').hidden = isLive;
  find('#stop').hidden = !isLive;
  events.show(session, chosen);
  const work = describeProgress(session);
  find('#work').classList.toggle('over', work === null);
  find('#doing').textContent = work?.words ?? '';
  find<HTMLProgressElement>('#done').value = work?.fraction ?? 1;
  const facts = listFacts(session).map(([name, text]) => {
    const fact = document.createElement('div');
    fact.append(textIn('dt', name), textIn('dd', text));
    return fact;
  });
  find('#facts').replaceChildren(...facts);
}

/** Shows the training, and offers its model once it is over. Of a camera shows how much is recorded. */
function showLearning(): void {
  learningView.show(learning);
  const recorded = Math.floor(Math.min(session?.times.at(-1) ?? 0, RECORDED_SECONDS));
  learnButton.textContent = session?.isLive
    ? `Recording: ${recorded} of ${RECORDED_SECONDS} s`
    : 'Learn from this video';
  learnButton.disabled = isOpening || !session?.isDone || (learning?.isRunning ?? false);
  if (learning === null || learning.file === null || learning.file === learned) return;
  learned = learning.file;
  const option = find<HTMLOptionElement>('#model [value=learned]');
  option.hidden = false;
  option.textContent = `learned from ${learning.name}, ${(learned.size / 1e6).toFixed(1)} MB`;
}

function chosenModel(): ModelChoice {
  return modelChoice.value === 'learned' ? learned! : SHIPPED_MODEL;
}

function textIn(name: string, text: string): HTMLElement {
  return Object.assign(document.createElement(name), { textContent: text });
}

/** Shows an event, predicted from just before its peak. */
function lookAt(event: AnomalyEvent): void {
  chosen = event;
  slider.value = String(event.peak);
  isPlaying = false;
  const known = Math.max(1, Math.min(event.peak - 2, session!.frames.length - 1));
  if (session!.known !== known) session!.predictFrom(known);
  changed();
}

function showFailure(message: string | null): void {
  const failure = find('#failure');
  failure.hidden = message === null;
  failure.textContent = message;
}

/**
 * Shows the next frame of the loop. For a file of pxv, and before the first prediction, the loop is all frames; else
 * some known frames, then the predicted frames computed so far.
 */
function play(): void {
  setTimeout(play, 1000 / rateOf(session));
  if (!isPlaying || session === null || session.isLive) return;
  const { known, frames, guessed, source, isWhole } = session;
  if (source.bytes !== undefined || known === null) {
    const next = Number(slider.value) + 1;
    if (next === frames.length && !isWhole) return;
    slider.value = String(next < frames.length ? next : 0);
    return changed();
  }
  const end = Math.min(known + Math.max(1, Math.min(guessed.size, AHEAD)), frames.length);
  const begin = Math.max(0, known - BEFORE);
  const next = Number(slider.value) + 1;
  slider.value = String(next >= begin && next < end ? next : begin);
  changed();
}

/** Returns the frames per second of the playback. */
function rateOf(session: Session | null): number {
  if (session?.source.bytes === undefined || session.times.length < 2) return PLAYED;
  return 1 / (session.times[1] - session.times[0]);
}

/** Opens a source in place of the current one. */
async function open(source: Promise<Source>, isExample = false): Promise<void> {
  const mine = ++asked;
  failure = null;
  isOpening = true;
  // At once: a press before the next redraw would learn from the source before.
  learnButton.disabled = true;
  try {
    const opened = await source;
    if (mine !== asked) return opened.stop();
    begin(opened);
    find('#credit').hidden = !isExample;
  } catch (error) {
    if (mine === asked) failure = (error as Error).message;
  }
  if (mine === asked) isOpening = false;
  changed();
}

function begin(source: Source): void {
  session?.close();
  chosen = null;
  slider.value = '0';
  session = new Session(source, chosenModel(), changed);
}

async function openExample(): Promise<Source> {
  const response = await fetch('asl_yes.mkv');
  if (!response.ok) throw new Error('asl_yes.mkv was not found beside this page.');
  return openClip(await response.blob(), 'asl_yes.mkv');
}

const openFile = (file: File | null | undefined) => {
  if (file) void open((/\.pxv$/i.test(file.name) ? openCoded : openClip)(file, file.name));
};
const input = find<HTMLInputElement>('#file');
input.onchange = () => {
  openFile(input.files?.[0]);
  // The same file may be chosen once more.
  input.value = '';
};
find('#camera').onclick = () => void open(openCamera());
find('#example').onclick = () => void open(openExample(), true);
find('#stop').onclick = () => session?.source.stop();
find('#play').onclick = () => {
  isPlaying = !isPlaying;
  changed();
};
find('#from').onclick = () => {
  session?.predictFrom(Math.max(1, Math.min(Number(slider.value) + 1, session.frames.length - 1)));
  isPlaying = true;
};
slider.oninput = () => {
  isPlaying = false;
  changed();
};
modelChoice.onchange = () => {
  if (session !== null) begin(session.recorded());
  changed();
};
learnButton.onclick = () => {
  const { frames, source } = session!;
  const training = { ...TRAINING, minutes: Number(find<HTMLSelectElement>('#minutes').value) };
  learning = new Learning(source.name, { model: chosenModel(), frames, training }, changed);
  changed();
};
// What was learned ends with the page.
window.onbeforeunload = (event) => {
  if (learning !== null && learning.failure === null && !learning.isDownloaded) event.preventDefault();
};
document.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add('dragged');
};
document.ondragleave = () => document.body.classList.remove('dragged');
document.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove('dragged');
  openFile(event.dataTransfer?.files[0]);
};
new ResizeObserver(changed).observe(graph);
play();
