// The part of time that a canvas shows: follows the newest, or stays where the user put it.
import type { Traits } from "./model";
import { button, type Choice, select, toggle } from "./toolbar";
import type { Context, Store } from "./widget";

export interface Span {
  start: number;
  end: number;
}

/** Seconds that can be chosen; `auto` asks the view for the span of its latest marks. */
const SECONDS = [0.01, 0.1, 1, 10];

export class Timeline {
  following = true;
  private chosen = "auto";
  private held: Span | undefined;
  private readonly follow: HTMLButtonElement;
  readonly controls: HTMLElement[];

  constructor(private readonly context: Context<Store, Traits>) {
    const { translate, invalidate } = context;
    this.follow = toggle({
      action: "follow",
      label: translate("common.follow"),
      pressed: true,
      onChange: (on) => {
        this.following = on;
        invalidate();
      },
    });
    const choices: Choice[] = [
      { value: "auto", label: translate("time.auto") },
      ...SECONDS.map((s) => ({ value: String(s), label: translate("time.seconds", { count: s }) })),
      { value: "all", label: translate("time.all") },
    ];
    const chooser = select(
      {
        label: translate("time.window"),
        action: "window",
        onChange: (value) => {
          this.chosen = value;
          this.setFollowing(true);
        },
      },
      choices,
    );
    const fit = button({
      action: "fit",
      label: translate("common.fit"),
      onClick: () => {
        this.chosen = "all";
        chooser.value = "all";
        this.setFollowing(true);
      },
    });
    this.controls = [this.follow, chooser, fit];
  }

  /** `whole` is all there is, `latest` the part that `auto` shows; all in nanoseconds. */
  span(whole: Span, latest: Span): Span {
    if (!this.following && this.held) return this.held;
    this.held = this.followed(whole, latest);
    return this.held;
  }

  private followed(whole: Span, latest: Span): Span {
    if (this.chosen === "all") return whole;
    if (this.chosen === "auto") return latest;
    return { start: Math.max(whole.start, whole.end - Number(this.chosen) * 1e9), end: whole.end };
  }

  /** Zoom around a point (0 … 1 of the width); stops following. */
  zoom(factor: number, around: number): void {
    if (!this.held) return;
    const { start, end } = this.held;
    const centre = start + (end - start) * around;
    this.held = {
      start: centre - (centre - start) * factor,
      end: centre + (end - centre) * factor,
    };
    this.setFollowing(false);
  }

  /** Move by a share of the width; stops following. */
  pan(share: number): void {
    if (!this.held) return;
    const shift = (this.held.end - this.held.start) * share;
    this.held = { start: this.held.start + shift, end: this.held.end + shift };
    this.setFollowing(false);
  }

  setFollowing(on: boolean): void {
    this.following = on;
    this.follow.setAttribute("aria-pressed", String(on));
    this.context.invalidate();
  }
}

/** Ctrl/⌘ + wheel zooms, dragging moves; the plain wheel keeps scrolling the notebook. */
export function zoomable(canvas: HTMLCanvasElement, left: number, timeline: Timeline): void {
  const share = (event: MouseEvent) =>
    (event.offsetX - left) / Math.max(1, canvas.clientWidth - left);
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      timeline.zoom(event.deltaY > 0 ? 1.25 : 0.8, share(event));
    },
    { passive: false },
  );
  let from: number | undefined;
  canvas.addEventListener("pointerdown", (event) => {
    from = share(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (from === undefined || event.buttons === 0) return;
    const now = share(event);
    if (Math.abs(now - from) < 0.01) return;
    timeline.pan(from - now);
    from = now;
  });
}

/** A time axis starts at its left edge: `+0`, `+2 ms`, … */
export function since(start: number, time: number): number {
  return time - start;
}

/** Round a span up to 1, 2 or 5 times a power of ten, so that a moving window keeps its width. */
export function steadySpan(start: number, end: number): Span {
  const width = Math.max(1, end - start);
  const power = 10 ** Math.floor(Math.log10(width));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= width) ?? 10;
  return { start: end - factor * power, end };
}
