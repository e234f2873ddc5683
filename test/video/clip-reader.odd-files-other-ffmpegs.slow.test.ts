import { announceMissing } from '../announce-missing.js';
import { ffmpegPrograms } from './made-clips.js';
import { describeOddFiles } from './odd-files.js';

const [, ...others] = ffmpegPrograms();
for (const [name, program] of others) describeOddFiles(name, program);
if (others.length === 0) announceMissing('a second FFmpeg');
