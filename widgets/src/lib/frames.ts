// At most one drawing per animation frame, however many messages arrive.

export interface Scheduler {
  /** Ask for a drawing; further calls before it happens cost nothing. */
  invalidate(): void;
  cancel(): void;
}

export type RequestFrame = (callback: () => void) => number;

export function scheduler(
  draw: () => void,
  request: RequestFrame = (callback) => requestAnimationFrame(callback),
  cancel: (handle: number) => void = (handle) => cancelAnimationFrame(handle),
): Scheduler {
  let handle: number | null = null;
  return {
    invalidate() {
      handle ??= request(() => {
        handle = null;
        draw();
      });
    },
    cancel() {
      if (handle !== null) cancel(handle);
      handle = null;
    },
  };
}
