// The whole picture in a corner, with the window on it. Click or drag to move the window.
import { prepare } from "../canvas";
import { element } from "../dom";
import type { Theme } from "../theme";
import type { Window } from "./canvas";
import type { Scene } from "./layout";
import type { Paint } from "./style";

const WIDTH = 150;
const HEIGHT = 110;

export class Minimap {
  readonly root = element("div", { class: "dl-minimap", hidden: true });
  private readonly canvas = element("canvas", { class: "dl-canvas", "aria-hidden": true });
  private readonly picture = element("canvas");
  private scale = 1;
  private offset = 0;

  constructor(private readonly lookAt: (x: number, y: number) => void) {
    this.canvas.style.cssText = `width:${WIDTH}px;height:${HEIGHT}px`;
    this.root.append(this.canvas);
    const move = (event: PointerEvent) => {
      if (event.buttons === 0) return;
      event.stopPropagation();
      const box = this.canvas.getBoundingClientRect();
      const x = event.clientX - box.left - this.offset;
      this.lookAt(x / this.scale, (event.clientY - box.top) / this.scale);
    };
    this.root.addEventListener("pointerdown", move);
    this.root.addEventListener("pointermove", move);
  }

  /** Draw another scene, or hide without one. */
  show(scene: Scene | undefined, paint: Paint, theme: Theme): void {
    this.root.hidden = scene === undefined;
    if (!scene) return;
    const ratio = window.devicePixelRatio || 1;
    this.picture.width = WIDTH * ratio;
    this.picture.height = HEIGHT * ratio;
    const context = this.picture.getContext("2d");
    if (!context) return;
    this.scale = Math.min(WIDTH / scene.width, HEIGHT / scene.height);
    this.offset = (WIDTH - scene.width * this.scale) / 2;
    context.scale(ratio, ratio);
    context.translate(this.offset, 0);
    context.scale(this.scale, this.scale);
    for (const item of scene.items) {
      context.fillStyle = item.kind === "open" ? theme.line : (paint.colour(item) ?? theme.muted);
      context.globalAlpha = item.kind === "open" ? 0.25 : 0.9;
      // A long network is scaled to less than a pixel across: keep it visible.
      const least = 2 / this.scale;
      context.fillRect(item.x, item.y, Math.max(item.w, least), Math.max(item.h, least / 4));
    }
  }

  /** Mark the part that the window shows. */
  mark(shown: Window, theme: Theme): void {
    if (this.root.hidden) return;
    const surface = prepare(this.canvas);
    if (!surface) return;
    const { context, width, height } = surface;
    context.drawImage(this.picture, 0, 0, width, height);
    context.translate(this.offset, 0);
    context.scale(this.scale, this.scale);
    context.strokeStyle = theme.accent;
    context.lineWidth = 2 / this.scale;
    const { left, top, right, bottom } = shown;
    context.strokeRect(left, top, right - left, bottom - top);
  }
}
