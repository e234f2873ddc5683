/**
 * A font of 3 x 5 pixels for labels on contact sheets: no font file is needed, and it is legible at any scale.
 * A glyph is five rows from the top, one octal digit each: 4 is the left pixel, 2 the middle one, 1 the right one.
 */
// prettier-ignore
const glyphs: Record<string, string> = {
  '0': '75557', '1': '26227', '2': '71747', '3': '71717', '4': '55711', '5': '74717', '6': '74757', '7': '71222',
  '8': '75757', '9': '75717', A: '25755', B: '65656', C: '34443', D: '65556', E: '74647', F: '74644', G: '34553',
  H: '55755', I: '72227', J: '11152', K: '55655', L: '44447', M: '57755', N: '65555', O: '25552', P: '65644',
  Q: '25563', R: '65655', S: '34216', T: '72222', U: '55557', V: '55552', W: '55775', X: '55255', Y: '55222',
  Z: '71247', '+': '02720', '-': '00700', '.': '00002', ':': '02020', '=': '07070', '/': '11244', ',': '00024',
  '(': '12221', ')': '42224', '%': '51245', _: '00007', ' ': '00000',
};

/** What stands for a sign that the font lacks. */
const unknownGlyph = '71202';

/** Rows of a glyph. */
export const glyphHeight = 5;

/** Columns from one glyph to the next. */
const glyphAdvance = 4;

/** Calls `paint` with each pixel of a line of text, in glyph pixels from its top left; letters become capitals. */
export function eachTextPixel(text: string, paint: (x: number, y: number) => void): void {
  for (const [index, letter] of [...text.toUpperCase()].entries()) {
    const rows = glyphs[letter] ?? unknownGlyph;
    for (let y = 0; y < glyphHeight; y++) {
      for (let x = 0; x < 3; x++) if (Number(rows[y]) & (4 >> x)) paint(index * glyphAdvance + x, y);
    }
  }
}
