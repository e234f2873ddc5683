/** Returns the error that `parse` throws, as `CODE: message`; if it throws none, returns its result. */
export function refusal(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}
