// The window onto the scene: draws it as SVG or on a canvas, pans, zooms, and says what was hit.
import { prepare } from "../canvas";
import { element } from "../dom";
import { readTheme, type Theme } from "../theme";
import { Camera } from "./camera";
import { boundsOf, drawCanvas, type Marks, type Window } from "./canvas";
import type { Item, Scene } from "./layout";
import { Minimap } from "./minimap";
import type { Paint } from "./style";
import { arrowMarker, drawSvg, markSvg, svgElement } from "./svg";
import type { Key } from "./tree";

/** More items than this are drawn on a canvas: SVG needs seconds for thousands of elements. */
export const SVG_LIMIT = 1000;
const MINIMAP_FROM = 200;
/** Height of a frame's title, the part of it that reacts to the mouse. */
const TITLE = 26;
const DRAG = 4;
const NOTHING: Marks = { selected: "", lit: new Set(), litLinks: new Set(), dim: false };

export interface StageEvents {
  pick(item: Item | undefined): void;
  hover(item: Item | undefined): void;
}

let stages = 0;

export class Stage {
  readonly root: HTMLDivElement;
  readonly camera = new Camera();
  private readonly canvas = element("canvas", { class: "dl-canvas dl-layer", "aria-hidden": true });
  private readonly svg = svgElement("svg", { class: "dl-layer", "aria-hidden": "true" });
  private readonly eye = svgElement("g");
  private readonly minimap = new Minimap((x, y) => this.lookAt(x, y));
  private readonly arrow: string;
  private scene: Scene = { width: 1, height: 1, items: [], links: [], doors: {} };
  private paint: Paint = { colour: () => undefined, share: () => 0 };
  private marks = NOTHING;
  private group: SVGGElement | undefined;
  private bounds: Window[] = [];
  private theme: Theme | undefined;
  private fitted = false;
  private drawnWidth = 0;
  private hovered = "";

  constructor(
    height: number,
    label: string,
    private readonly events: StageEvents,
  ) {
    stages += 1;
    this.arrow = `dl-arrow-${stages}`;
    this.root = element("div", {
      ...{ class: "dl-stage", tabindex: 0, role: "application", "aria-label": label },
      style: `height:${height}px`,
    });
    this.svg.append(arrowMarker(this.arrow), this.eye);
    this.root.append(this.svg, this.canvas, this.minimap.root);
    this.listen();
  }

  get usesCanvas(): boolean {
    return this.scene.items.length > SVG_LIMIT;
  }

  /** Show another scene; `anchor` is an item that should stay where it was on the screen. */
  show(scene: Scene, paint: Paint, anchor: Key | undefined): void {
    const before = anchor ? this.find(anchor) : undefined;
    this.scene = scene;
    this.paint = paint;
    const after = anchor ? this.find(anchor) : undefined;
    if (before && after) {
      const { scale } = this.camera;
      this.camera.pan((before.x - after.x) * scale, (before.y - after.y) * scale);
    }
    this.group = undefined;
    this.bounds = scene.links.map(boundsOf);
    this.repaint();
  }

  mark(marks: Marks): void {
    this.marks = marks;
    this.draw();
  }

  find(key: Key): Item | undefined {
    return this.scene.items.find((item) => item.key === key);
  }

  fit(): void {
    this.camera.fit(this.scene, this.width, this.height);
    this.draw();
  }

  reveal(key: Key): void {
    const item = this.find(key);
    if (item) this.camera.reveal(item, this.width, this.height);
    this.draw();
  }

  zoom(factor: number): void {
    this.camera.zoom(factor, this.width / 2, this.height / 2);
    this.draw();
  }

  /** Draw with the colours in force now: reading them costs a style calculation. */
  repaint(): void {
    this.theme = undefined;
    this.draw();
  }

  /** Draw what the camera sees. */
  draw(): void {
    if (this.width === 0) return;
    const theme = this.theme ?? this.readTheme();
    if (!this.fitted && this.scene.items.length > 0) {
      this.camera.fitWidth(this.scene, this.width, this.height);
      this.fitted = true;
    } else {
      // A narrower or wider window keeps the middle of the picture in its middle.
      this.camera.pan((this.width - this.drawnWidth) / 2, 0);
    }
    this.drawnWidth = this.width;
    this.root.dataset.renderer = this.usesCanvas ? "canvas" : "svg";
    if (this.usesCanvas) this.drawOnCanvas(theme);
    else this.drawAsSvg();
    this.minimap.mark(this.window, theme);
  }

  private readTheme(): Theme {
    this.theme = readTheme(this.root);
    const show = this.scene.items.length > MINIMAP_FROM;
    this.minimap.show(show ? this.scene : undefined, this.paint, this.theme);
    return this.theme;
  }

  /** Start over with the whole picture in view, at the next drawing. */
  forgetView(): void {
    this.fitted = false;
  }

  private get width(): number {
    return this.root.clientWidth;
  }

  private get height(): number {
    return this.root.clientHeight;
  }

  private get window(): Window {
    const [left, top] = this.camera.toScene(0, 0);
    const [right, bottom] = this.camera.toScene(this.width, this.height);
    return { left, top, right, bottom };
  }

  private drawAsSvg(): void {
    if (!this.group) {
      this.group = drawSvg(this.scene, this.paint, this.arrow);
      this.eye.replaceChildren(this.group);
      this.canvas.width = 0;
    }
    markSvg(this.group, this.scene, this.marks);
    const { x, y, scale } = this.camera;
    this.eye.setAttribute("transform", `translate(${x},${y}) scale(${scale})`);
  }

  private drawOnCanvas(theme: Theme): void {
    this.eye.replaceChildren();
    const surface = prepare(this.canvas);
    if (!surface) return;
    const { context } = surface;
    const { x, y, scale } = this.camera;
    context.translate(x, y);
    context.scale(scale, scale);
    const shown = { window: this.window, bounds: this.bounds, scale };
    drawCanvas(context, this.scene, this.paint, theme, shown, this.marks);
  }

  private lookAt(x: number, y: number): void {
    this.camera.centre(x, y, this.width, this.height);
    this.draw();
  }

  private hit(event: { offsetX: number; offsetY: number }): Item | undefined {
    const [x, y] = this.camera.toScene(event.offsetX, event.offsetY);
    for (let i = this.scene.items.length - 1; i >= 0; i -= 1) {
      const item = this.scene.items[i] as Item;
      const height = item.kind === "open" ? TITLE : item.h;
      if (x >= item.x && x <= item.x + item.w && y >= item.y && y <= item.y + height) return item;
    }
    return undefined;
  }

  private listen(): void {
    this.root.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.root.addEventListener("pointerdown", (event) => this.onDown(event));
    this.root.addEventListener("pointermove", (event) => this.onMove(event));
    this.root.addEventListener("pointerleave", () => this.onHover(undefined));
  }

  /** A plain wheel scrolls the notebook, unless the learner is working in the view. */
  private onWheel(event: WheelEvent): void {
    const wanted = event.ctrlKey || event.metaKey || this.root.matches(":focus");
    if (!wanted) return;
    event.preventDefault();
    const box = this.root.getBoundingClientRect();
    const factor = Math.exp(-event.deltaY * 0.0015);
    this.camera.zoom(factor, event.clientX - box.left, event.clientY - box.top);
    this.draw();
  }

  private onDown(down: PointerEvent): void {
    if (down.button !== 0 || this.minimap.root.contains(down.target as Node)) return;
    this.root.focus({ preventScroll: true });
    this.root.setPointerCapture(down.pointerId);
    let moved = 0;
    let last = down;
    const move = (event: PointerEvent) => {
      moved += Math.abs(event.clientX - last.clientX) + Math.abs(event.clientY - last.clientY);
      this.camera.pan(event.clientX - last.clientX, event.clientY - last.clientY);
      last = event;
      if (moved > DRAG) this.draw();
    };
    const up = () => {
      this.root.removeEventListener("pointermove", move);
      this.root.removeEventListener("pointerup", up);
      this.root.removeEventListener("pointercancel", up);
      if (moved > DRAG) return;
      const box = this.root.getBoundingClientRect();
      const [offsetX, offsetY] = [down.clientX - box.left, down.clientY - box.top];
      this.events.pick(this.hit({ offsetX, offsetY }));
    };
    this.root.addEventListener("pointermove", move);
    this.root.addEventListener("pointerup", up);
    this.root.addEventListener("pointercancel", up);
  }

  private onMove(event: PointerEvent): void {
    if (event.buttons !== 0) return;
    const box = this.root.getBoundingClientRect();
    const [offsetX, offsetY] = [event.clientX - box.left, event.clientY - box.top];
    this.onHover(this.hit({ offsetX, offsetY }));
  }

  private onHover(item: Item | undefined): void {
    const key = item?.key ?? "";
    if (key === this.hovered) return;
    this.hovered = key;
    this.root.style.cursor = item ? "pointer" : "";
    this.events.hover(item);
  }
}
