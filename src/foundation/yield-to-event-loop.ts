/** Lets the event loop have its turn: what interrupts a long loop is only heard of there. */
export const yieldToEventLoop: () => Promise<void> = 'setImmediate' in globalThis ? afterImmediate : afterMessage;

function afterImmediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Browsers have no setImmediate, and make a timer of 0 ms wait for 4. */
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
