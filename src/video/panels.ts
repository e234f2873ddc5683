import type { Frame } from '../foundation/frame.js';

/** What one panel of a prediction shows at one time. */
export interface Panel {
  /** What it is called, such as `truth` or `sample 2`; the same at all times. */
  label: string;
  /** Null where there is nothing to show: the truth after the clip's end. */
  frame: Frame | null;
  /** Whether a model made the frame; else it is one of the clip. */
  predicted: boolean;
}

/** What is shown of one frame of a clip: the same panels at all times, with frames of one size. */
export interface TimeStep {
  /** Of the frame in the clip, from 0. */
  index: number;
  /** Whether this frame was predicted; else the clip's own is known, and every panel shows it. */
  predicted: boolean;
  panels: readonly Panel[];
}

/** The frames of all panels side by side, from left to right, without anything between; black where there is none. */
export function tilePanels({ panels }: TimeStep): Frame {
  const { width, height, channels } = panelShape(panels);
  const row = width * channels;
  const data = new Uint8Array(panels.length * row * height);
  panels.forEach(({ frame }, panel) => {
    if (frame === null) return;
    for (let y = 0; y < height; y++) {
      data.set(frame.data.subarray(y * row, (y + 1) * row), (y * panels.length + panel) * row);
    }
  });
  return { width: panels.length * width, height, channels, data };
}

/** Size and channels of the frames: those of any that is there. */
export function panelShape(panels: readonly Panel[]): Frame {
  const shown = panels.find(({ frame }) => frame !== null)?.frame;
  if (!shown) throw new TypeError('panels without a single frame');
  return shown;
}

/** Texts for a panel, from its label to what is left where there is little room: the first letters and numbers of its words. */
export function panelLabels({ label }: Panel): string[] {
  return [label, label.replace(/([a-z])[a-z]*/gi, '$1').replaceAll(' ', '')];
}

/** Name of the folder that holds a panel's frames, such as `sample-2`. */
export function panelFolder({ label }: Panel): string {
  return label.replaceAll(' ', '-');
}

/** Whether a folder of this name may be one that `panelFolder` named. */
export function isPanelFolder(name: string): boolean {
  return /^(?:truth|best-guess|mean-of-\d+|sample-\d+)$/.test(name);
}
