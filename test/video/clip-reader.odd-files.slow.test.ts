import { ffmpegPrograms } from './made-clips.js';
import { describeOddFiles } from './odd-files.js';

const [[name, program]] = ffmpegPrograms();
describeOddFiles(name, program);
