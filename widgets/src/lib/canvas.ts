// A crisp canvas that follows the size of its element.

export interface Surface {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/** Size the bitmap for the screen's pixels, clear it, and draw in CSS pixels from here on. */
export function prepare(canvas: HTMLCanvasElement): Surface | undefined {
  const context = canvas.getContext("2d");
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!context || width === 0 || height === 0) return undefined;
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Round steps for an axis: 1, 2 or 5 times a power of ten (or of two, for bytes). */
export function ticks(low: number, high: number, count: number, base: 10 | 1024 = 10): number[] {
  const span = high - low;
  if (!(span > 0) || count < 1) return [low];
  const step = base === 10 ? decimalStep(span / count) : 2 ** Math.ceil(Math.log2(span / count));
  const made: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) made.push(at);
  return made;
}

function decimalStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}
