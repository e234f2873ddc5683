/** What `parse` throws, as `CODE: message`; undefined where it throws nothing. */
export function refusal(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}
