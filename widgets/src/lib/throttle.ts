/** `run` now, and at most every `pause` milliseconds; the last request is never lost. */
export function throttle(run: () => void, pause: number): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = () => {
    timer = undefined;
    last = performance.now();
    run();
  };
  return () => {
    const wait = last + pause - performance.now();
    if (wait <= 0 && timer === undefined) now();
    else timer ??= setTimeout(now, wait);
  };
}
