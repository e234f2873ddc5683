/** Yields to the event loop and resolves after one turn, in which signals and messages are handled. */
export const yieldToEventLoop: () => Promise<void> = 'setImmediate' in globalThis ? afterImmediate : afterMessage;

function afterImmediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after a message event. Browsers have no setImmediate, and clamp a timer of 0 ms to 4 ms. */
function afterMessage(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const onmessage = () => {
      port1.close();
      resolve();
    };
    Object.assign(port1, { onmessage });
    port2.postMessage(null);
  });
}
