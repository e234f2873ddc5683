import type { Frame } from '../foundation/frame.js';

/** Panel of a prediction at a time step. */
export interface Panel {
  /** Label, such as `truth` or `sample 2`; the same at all time steps. */
  label: string;
  /** Frame to show; null for the truth after the clip's end. */
  frame: Frame | null;
  /** True if a model predicted the frame; false if the frame is the clip's. */
  predicted: boolean;
}

/** Time step of a prediction: the same panels at all steps, all frames of one size. */
export interface TimeStep {
  /** Index of the frame in the clip, from 0. */
  index: number;
  /** True if the frame is predicted. False if the frame is known; every panel then shows the clip's own frame. */
  predicted: boolean;
  panels: readonly Panel[];
}

/** Returns the frames of all panels side by side, from left to right, without gaps. Missing frames are black. */
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

/**
 * Returns the first frame of the panels, for its size and channels, which all frames share.
 * @throws TypeError if no panel has a frame
 */
export function panelShape(panels: readonly Panel[]): Frame {
  const shown = panels.find(({ frame }) => frame !== null)?.frame;
  if (!shown) throw new TypeError('panels without a single frame');
  return shown;
}

/** Returns texts for a panel's label, the longest first: `sample 2`, then `s2` for narrow panels. */
export function panelLabels({ label }: Panel): string[] {
  return [label, label.replace(/([a-z])[a-z]*/gi, '$1').replaceAll(' ', '')];
}

/** Returns the name of the folder for a panel's frames, such as `sample-2`. */
export function panelFolder({ label }: Panel): string {
  return label.replaceAll(' ', '-');
}

/** Returns true if `name` has the form of a folder of `panelFolder`: truth, best-guess, mean-of-N or sample-N. */
export function isPanelFolder(name: string): boolean {
  return /^(?:truth|best-guess|mean-of-\d+|sample-\d+)$/.test(name);
}
