// DeviceView's page element: lanes, facts under the pointer, legend, table.
import { type Cell, element, setData, setText, table } from "../lib/dom";
import { formatBytes, formatNanoseconds, formatNumber } from "../lib/i18n";
import type { Traits } from "../lib/model";
import { notice } from "../lib/notice";
import { throttle } from "../lib/throttle";
import { type Span, steadySpan, Timeline, zoomable } from "../lib/timeline";
import { type Facts, tip } from "../lib/tip";
import { captureKeys, toggle, toolbar } from "../lib/toolbar";
import type { Context, Drawing } from "../lib/widget";
import {
  copyColour,
  drawLanes,
  heightFor,
  LEFT,
  laneAt,
  laneTop,
  PHASES,
  phaseColour,
  timeAt,
  xOf,
} from "./lanes";
import type { DevicesStore, Lane } from "./store";

/** `auto` shows the span of about so many operators of the busiest lane. */
const LATEST = 60;
const TABLE_ROWS = 200;
/** The table is written at most so often, in milliseconds. */
const TABLE_PAUSE = 500;
/** How near to a bar a pointer finds it, in pixels. */
const REACH = 3;

export function devicesView(context: Context<DevicesStore, Traits>): Drawing {
  return new DevicesView(context);
}

class DevicesView implements Drawing {
  private readonly canvas = element("canvas", { class: "dl-canvas", tabindex: 0, role: "img" });
  private readonly badge = element("span", { class: "dl-badge", role: "status" });
  private readonly facts = element("div", { class: "dl-bar dl-facts" });
  private readonly legend = element("div", { class: "dl-bar dl-legend" });
  private readonly empty = element("div", { class: "dl-empty" });
  private readonly rows = element("div", { class: "dl-table-box", hidden: true });
  private readonly notice;
  private readonly timeline: Timeline;
  private readonly tableButton;
  private readonly tip;
  private span: Span = { start: 0, end: 1 };
  private current: { device: string; index: number } = { device: "", index: -1 };
  private readonly endKeys: () => void;

  constructor(private readonly context: Context<DevicesStore, Traits>) {
    const { root, translate, invalidate } = context;
    this.notice = notice(translate);
    this.timeline = new Timeline(context);
    this.tableButton = toggle({
      action: "table",
      label: translate("common.table"),
      pressed: false,
      onChange: invalidate,
    });
    this.empty.append(translate("devices.empty"), element("code", {}, translate("devices.hint")));
    root.append(
      toolbar(
        translate("common.toolbar"),
        element("span", { class: "dl-title" }, translate("devices.title")),
        ...this.timeline.controls,
        this.tableButton,
        element("span", { class: "dl-spring" }),
        this.badge,
      ),
      this.notice.node,
      this.facts,
      this.empty,
      this.canvas,
      this.legend,
      this.rows,
    );
    this.drawLegend();
    this.tip = tip(root);
    this.listen();
    this.endKeys = captureKeys(root, this.shortcuts());
  }

  draw(): void {
    const { root, store, connection, translate, locale, selection } = this.context;
    const lanes = store.ordered();
    this.notice.update(connection.link);
    setText(this.badge, translate(`link.${connection.link}`));
    setData(this.badge, "state", connection.link);
    this.empty.hidden = lanes.length > 0;
    this.canvas.hidden = lanes.length === 0;
    this.legend.hidden = lanes.length === 0;
    if (lanes.length === 0) return;
    this.span = this.spanNow(lanes);
    this.canvas.style.height = `${heightFor(lanes.length)}px`;
    const marks = {
      device: this.current.device,
      current: this.current.index,
      selected: selection.selected,
    };
    const drawn = drawLanes(this.canvas, store, this.span, marks, this.context.theme(), locale);
    this.drawFacts(lanes);
    this.drawTable();
    setData(root, "drawn", drawn);
    setData(root, "lanes", lanes.map((lane) => lane.device).join(" "));
    setData(
      root,
      "operators",
      lanes.reduce((sum, lane) => sum + lane.operators.size, 0),
    );
    setData(root, "copies", store.copies.size);
  }

  dispose(): void {
    this.endKeys();
  }

  private spanNow(lanes: Lane[]): Span {
    const { firstTime, lastTime } = this.context.store;
    const start = Number.isFinite(firstTime) ? firstTime : 0;
    const whole = { start, end: Math.max(start + 1, lastTime) };
    const begins = lanes
      .filter((lane) => lane.operators.size > LATEST)
      .map((lane) => lane.cell(lane.operators.size - LATEST, "start"));
    const latest = begins.length ? steadySpan(Math.max(...begins), whole.end) : whole;
    return this.timeline.span(whole, latest);
  }

  private drawFacts(lanes: Lane[]): void {
    const { translate, locale, store } = this.context;
    const { start, end } = this.span;
    const texts = lanes.map((lane) => {
      const used = formatBytes(lane.used, locale);
      const lived = translate("devices.lane", { used, peak: formatBytes(lane.peak, locale) });
      const percent = formatNumber(100 * lane.busy(start, end), locale);
      return `${lane.device}: ${lived} · ${translate("devices.busy", { percent })}`;
    });
    if (store.dropped) texts.push(translate("common.dropped", { count: store.dropped }));
    const nodes = texts.map((text) => element("span", { class: "dl-number dl-muted" }, text));
    this.facts.replaceChildren(...nodes);
    this.canvas.setAttribute("aria-label", texts.join("; "));
  }

  private drawLegend(): void {
    const { translate } = this.context;
    const entries: [string, string][] = PHASES.map((phase) => [
      translate(`devices.phase.${phase}`),
      phaseColour(phase),
    ]);
    entries.push([`${translate("devices.phase.copy")} ↕`, copyColour]);
    for (const [name, colour] of entries) {
      const swatch = element("i", { style: `background:${colour}` });
      this.legend.append(element("span", { class: "dl-key" }, swatch, name));
    }
  }

  // Pointer and keyboard -----------------------------------------------------------------

  private listen(): void {
    zoomable(this.canvas, LEFT, this.timeline);
    this.canvas.addEventListener("pointermove", (event) => {
      const lane = laneAt(event.offsetY, this.context.store.ordered());
      const width = this.canvas.clientWidth;
      const time = timeAt(event.offsetX, this.span, width);
      const reach = timeAt(LEFT + REACH, this.span, width) - this.span.start;
      this.mark(lane, lane ? lane.find(time, reach) : -1, event.offsetX);
    });
    this.canvas.addEventListener("pointerleave", () => this.mark(undefined, -1));
    this.canvas.addEventListener("click", () => this.selectCurrent());
  }

  /** Mark a bar, and say what it is beside the pointer, or beside the bar itself. */
  private mark(lane: Lane | undefined, index: number, pointerX?: number): void {
    const device = lane?.device ?? "";
    if (device !== this.current.device || index !== this.current.index) {
      this.current = { device, index };
      this.context.invalidate();
    }
    if (!lane || index < 0) {
      this.tip.hide();
      return;
    }
    const start = Math.max(
      LEFT,
      xOf(lane.cell(index, "start"), this.span, this.canvas.clientWidth),
    );
    const y = laneTop(this.context.store.ordered().indexOf(lane)) + 30;
    const { offsetLeft, offsetTop } = this.canvas;
    this.tip.show(this.describe(lane, index), offsetLeft + (pointerX ?? start), offsetTop + y);
  }

  private describe(lane: Lane, index: number): Facts {
    const { translate, store, locale } = this.context;
    const text = (column: "op" | "name" | "phase" | "span") =>
      store.names.text(lane.cell(index, column));
    const lasted = lane.cell(index, "end") - lane.cell(index, "start");
    const facts: Facts = [
      [translate("devices.op"), text("op")],
      [translate("devices.name"), text("name")],
      [translate("devices.phase"), this.phase(text("phase"))],
      [translate("devices.duration"), formatNanoseconds(lasted)],
      [translate("devices.elements"), formatNumber(lane.cell(index, "elements"), locale)],
      [translate("devices.source"), text("span")],
    ];
    return facts.filter(([, value]) => value !== "");
  }

  private phase(name: string): string {
    const known = PHASES.find((phase) => phase === name);
    return known ? this.context.translate(`devices.phase.${known}`) : name;
  }

  private selectCurrent(): void {
    const { store, selection } = this.context;
    const lane = store.lanes.get(this.current.device);
    const chosen = lane && this.current.index >= 0;
    selection.select(chosen ? store.handle(lane, this.current.index) : "");
  }

  /** Left and right go from operator to operator, up and down from lane to lane. */
  private shortcuts(): Record<string, () => void> {
    return {
      ArrowLeft: () => this.walk(-1),
      ArrowRight: () => this.walk(1),
      ArrowUp: () => this.changeLane(-1),
      ArrowDown: () => this.changeLane(1),
      Enter: () => this.selectCurrent(),
      "+": () => this.timeline.zoom(0.7, 0.5),
      "-": () => this.timeline.zoom(1.4, 0.5),
      "0": () => this.timeline.setFollowing(true),
      t: () => this.tableButton.click(),
      f: () => this.timeline.setFollowing(!this.timeline.following),
    };
  }

  private walk(by: 1 | -1): void {
    const { store } = this.context;
    const lane = store.lanes.get(this.current.device) ?? store.ordered()[0];
    if (!lane || lane.operators.size === 0) return;
    const last = lane.operators.size - 1;
    const next = this.current.index < 0 ? last : this.current.index + by;
    this.timeline.setFollowing(false); // what one walks through must not run away
    this.mark(lane, Math.min(last, Math.max(0, next)));
  }

  private changeLane(by: 1 | -1): void {
    const lanes = this.context.store.ordered();
    const at = lanes.findIndex((lane) => lane.device === this.current.device);
    const lane = lanes[Math.min(lanes.length - 1, Math.max(0, at + by))];
    if (lane) this.mark(lane, lane.operators.size - 1);
  }

  // Table --------------------------------------------------------------------------------

  private drawTable(): void {
    this.rows.hidden = this.tableButton.getAttribute("aria-pressed") !== "true";
    if (!this.rows.hidden) this.fillTable();
  }

  private readonly fillTable = throttle(() => this.writeTable(), TABLE_PAUSE);

  private writeTable(): void {
    const { translate, store } = this.context;
    const lanes = store.ordered();
    const columns = ["device", "op", "name", "phase", "start", "duration", "source"] as const;
    const head = columns.map((name) => translate(`devices.${name}`));
    const rows = [...lanes.flatMap((lane) => this.operatorRows(lane)), ...this.copyRows()];
    rows.sort((a, b) => b.start - a.start);
    const cells = rows.slice(0, TABLE_ROWS).map((row) => row.cells);
    this.rows.replaceChildren(table(translate("devices.table"), head, cells));
  }

  private operatorRows(lane: Lane): { start: number; cells: Cell[] }[] {
    const { names } = this.context.store;
    const rows = [];
    for (let i = Math.max(0, lane.operators.size - TABLE_ROWS); i < lane.operators.size; i += 1) {
      const [start, end] = [lane.cell(i, "start"), lane.cell(i, "end")];
      rows.push({
        start,
        cells: [
          { text: lane.device },
          { text: names.text(lane.cell(i, "op")) },
          { text: names.text(lane.cell(i, "name")) },
          { text: this.phase(names.text(lane.cell(i, "phase"))) },
          { text: formatNanoseconds(start), value: start, number: true },
          { text: formatNanoseconds(end - start), value: end - start, number: true },
          { text: names.text(lane.cell(i, "span")) },
        ],
      });
    }
    return rows;
  }

  private copyRows(): { start: number; cells: Cell[] }[] {
    const { store, translate, locale } = this.context;
    const { source, target, bytes, reason, time } = store.copies.columns;
    const rows = [];
    for (let i = Math.max(0, store.copies.size - TABLE_ROWS); i < store.copies.size; i += 1) {
      const start = time[i] ?? 0;
      const [from, to] = [store.names.text(source[i] ?? -1), store.names.text(target[i] ?? -1)];
      const size = formatBytes(bytes[i] ?? 0, locale);
      rows.push({
        start,
        cells: [
          { text: to },
          { text: translate("devices.copy", { bytes: size, source: from, target: to }) },
          { text: "" },
          { text: translate("devices.phase.copy") },
          { text: formatNanoseconds(start), value: start, number: true },
          { text: size, value: bytes[i] ?? 0, number: true },
          { text: store.names.text(reason[i] ?? -1) },
        ],
      });
    }
    return rows;
  }
}
