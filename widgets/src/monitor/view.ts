// The monitor's page element: controls, progress, curves, table.
import { type Cell, element, setData, setText, table } from "../lib/dom";
import { formatDuration, formatMetric, formatNumber, type Key } from "../lib/i18n";
import type { Traits } from "../lib/model";
import { notice } from "../lib/notice";
import { throttle } from "../lib/throttle";
import { button, captureKeys, toggle, toolbar } from "../lib/toolbar";
import type { Context, Drawing } from "../lib/widget";
import { look, Plot } from "./plot";
import { rateSlider } from "./rate";
import type { MonitorStore, Series } from "./store";

const SMOOTHING = 0.9;
/** Rows of the text form: the last steps. */
const TABLE_ROWS = 50;
/** The table is written at most so often, in milliseconds. */
const TABLE_PAUSE = 500;

export function monitorView(context: Context<MonitorStore, Traits>): Drawing {
  return new MonitorView(context);
}

class MonitorView implements Drawing {
  private readonly options = { log: false, robust: true, hidden: new Set<string>() };
  private readonly badge = element("span", { class: "dl-badge", role: "status" });
  private readonly bar = element("progress", { max: 1 });
  private readonly count = element("span", { class: "dl-number dl-count" });
  private readonly legend = element("div", { class: "dl-bar dl-legend" });
  private readonly empty = element("div", { class: "dl-empty" });
  private readonly host = element("div", { class: "dl-plot" });
  private readonly rows = element("div", { class: "dl-table-box", hidden: true });
  private readonly notice;
  private readonly rate;
  private readonly plot: Plot;
  private readonly buttons;
  private readonly tableButton;
  private hovered: number | undefined;
  private endKeys: () => void;

  constructor(private readonly context: Context<MonitorStore, Traits>) {
    const { root, store, connection, translate } = context;
    this.buttons = this.makeButtons();
    this.rate = rateSlider(translate, (value) => connection.send("lr", value));
    this.notice = notice(translate);
    this.plot = new Plot(this.host, store, context.theme, (step) => this.hover(step));
    this.bar.setAttribute("aria-label", translate("monitor.progress"));
    this.empty.append(translate("monitor.empty"), element("code", {}, translate("monitor.hint")));
    this.tableButton = toggle({
      action: "table",
      label: translate("common.table"),
      pressed: false,
      onChange: () => context.invalidate(),
    });
    const { pause, step, stop } = this.buttons;
    root.append(
      toolbar(translate("common.toolbar"), pause, step, stop, this.rate.node, spring(), this.badge),
      element("div", { class: "dl-bar" }, this.bar, this.count, spring(), ...this.makeToggles()),
      this.notice.node,
      this.empty,
      this.host,
      this.legend,
      this.rows,
    );
    this.endKeys = captureKeys(root, this.shortcuts());
    this.drawControls(); // a new view of a run that is over offers no buttons before its first frame
  }

  draw(): void {
    const { progress, series } = this.context.store;
    this.writeData();
    this.drawControls();
    this.drawProgress();
    const locked = progress.rateLocked || !this.reachable();
    this.rate.update(progress.lr, locked, this.isPending("lr"));
    this.notice.update(this.context.connection.link, progress.message);
    this.empty.hidden = series.size > 0;
    this.host.hidden = series.size === 0;
    if (series.size > 0) this.plot.draw(this.options);
    this.drawLegend();
    this.drawTable();
  }

  dispose(): void {
    this.endKeys();
    this.plot.dispose();
  }

  /** The machine-readable state, for tests, scripts and style sheets. */
  private writeData(): void {
    const { root, store, translate } = this.context;
    const { progress } = store;
    setData(root, "state", progress.state);
    setData(root, "step", progress.step);
    setData(root, "total", progress.total);
    setData(root, "lr", progress.lr);
    setData(root, "points", store.points);
    const latest = [...store.series.values()].map((s) => `${s.name} ${formatMetric(last(s))}`);
    const state = translate(`monitor.state.${progress.state}`);
    const label = [translate("monitor.title"), state, ...latest].join(", ");
    if (progress.state !== "running") root.setAttribute("aria-label", label);
  }

  private makeButtons() {
    const { connection, translate } = this.context;
    const make = (action: "step" | "stop", words: "next" | "stop") =>
      button({
        action,
        label: translate(`monitor.${words}`),
        title: translate(`monitor.${words}.help`),
        onClick: () => connection.send(action, 1),
      });
    const pause = button({
      action: "pause",
      label: translate("monitor.pause"),
      title: translate("monitor.pause.help"),
      onClick: () => this.togglePause(),
    });
    return { pause, step: make("step", "next"), stop: make("stop", "stop") };
  }

  private togglePause(): void {
    const { store, connection } = this.context;
    connection.send(store.progress.state === "paused" ? "resume" : "pause");
  }

  private makeToggles(): Node[] {
    const { translate, store, invalidate } = this.context;
    const make = (
      action: "log" | "robust" | "smooth",
      pressed: boolean,
      set: (on: boolean) => void,
    ) =>
      toggle({
        action,
        label: translate(`monitor.${action}`),
        title: translate(`monitor.${action}.help`),
        pressed,
        onChange: (on) => {
          set(on);
          invalidate();
        },
      });
    return [
      make("log", false, (on) => {
        this.options.log = on;
      }),
      make("smooth", false, (on) => store.setSmoothing(on ? SMOOTHING : 0)),
      make("robust", true, (on) => {
        this.options.robust = on;
      }),
      button({ action: "fit", label: translate("common.fit"), onClick: () => this.plot.fit() }),
      this.tableButton,
    ];
  }

  private shortcuts(): Record<string, () => void> {
    const click = (action: string) => () =>
      this.context.root.querySelector<HTMLButtonElement>(`[data-action="${action}"]`)?.click();
    return {
      p: click("pause"),
      n: click("step"),
      l: click("log"),
      s: click("smooth"),
      t: click("table"),
      "0": click("fit"),
    };
  }

  private isPending(command: "lr" | "pause" | "resume" | "step" | "stop"): boolean {
    return this.context.connection.isPending(command);
  }

  private reachable(): boolean {
    const { link } = this.context.connection;
    return link === "live" || link === "queued";
  }

  private drawControls(): void {
    const { store, connection, translate } = this.context;
    const { state } = store.progress;
    const active = (state === "running" || state === "paused") && this.reachable();
    const { pause, step, stop } = this.buttons;
    setText(pause, translate(state === "paused" ? "monitor.resume" : "monitor.pause"));
    pause.setAttribute("aria-pressed", String(state === "paused"));
    setData(pause, "pending", String(this.isPending("pause") || this.isPending("resume")));
    setData(step, "pending", String(this.isPending("step")));
    setData(stop, "pending", String(this.isPending("stop")));
    for (const control of [pause, step, stop]) control.disabled = !active;
    const shown = connection.link === "live" ? state : connection.link;
    const key: Key =
      connection.link === "live" ? `monitor.state.${state}` : `link.${connection.link}`;
    setText(this.badge, translate(key));
    setData(this.badge, "state", shown);
  }

  private drawProgress(): void {
    const { store, locale, translate } = this.context;
    const { step, total, epoch, epochs, rate, remaining, elapsed, state } = store.progress;
    this.bar.hidden = total === 0;
    this.bar.value = total ? Math.min(1, step / total) : 0;
    const whole = formatNumber(step, locale) + (total ? ` / ${formatNumber(total, locale)}` : "");
    const parts = [translate("monitor.step", { step: whole })];
    if (epochs > 1) parts.push(translate("monitor.epoch", { epoch: `${epoch} / ${epochs}` }));
    if (rate > 0) parts.push(translate("monitor.rate", { rate: formatMetric(rate) }));
    const under = state === "running" || state === "paused";
    if (under && remaining >= 0) {
      parts.push(translate("monitor.left", { time: formatDuration(remaining) }));
    } else if (elapsed > 0) {
      parts.push(formatDuration(elapsed));
    }
    setText(this.count, state === "empty" ? "" : parts.join(" · "));
  }

  private hover(step: number | undefined): void {
    this.hovered = step;
    this.drawLegend();
  }

  /** One button per series: shows its latest (or hovered) value, hides and shows its line. */
  private drawLegend(): void {
    const names = [...this.context.store.series.keys()];
    if (this.legend.childElementCount !== names.length) {
      this.legend.replaceChildren(...names.map((name) => this.legendButton(names, name)));
    }
    names.forEach((name, index) => {
      const series = this.context.store.series.get(name);
      const value = this.legend.children[index]?.querySelector(".dl-value");
      if (series && value) setText(value, formatMetric(at(series, this.hovered)));
    });
  }

  private legendButton(names: string[], name: string): HTMLButtonElement {
    const { stroke, dash } = look(names, name);
    const style = `border-top:3px ${dash.length ? "dashed" : "solid"} ${stroke}`;
    const made = toggle({
      action: `series-${name}`,
      label: "",
      pressed: true,
      onChange: (on) => {
        if (on) this.options.hidden.delete(name);
        else this.options.hidden.add(name);
        this.context.invalidate();
      },
    });
    made.append(element("i", { class: "dl-swatch", style }), ` ${name} `);
    made.append(element("span", { class: "dl-value dl-number" }));
    return made;
  }

  private drawTable(): void {
    this.rows.hidden = this.tableButton.getAttribute("aria-pressed") !== "true";
    if (!this.rows.hidden) this.fillTable();
  }

  private readonly fillTable = throttle(() => this.writeTable(), TABLE_PAUSE);

  private writeTable(): void {
    const { store, translate } = this.context;
    const all = [...store.series.values()];
    const steps = [...new Set(all.flatMap((s) => s.steps.slice(-TABLE_ROWS)))];
    steps.sort((a, b) => b - a);
    const rows = steps.slice(0, TABLE_ROWS).map((step): Cell[] => [
      { text: String(step), number: true },
      ...all.map((series): Cell => {
        const value = exactly(series, step);
        return { text: value === undefined ? "" : formatMetric(value), number: true, value };
      }),
    ]);
    const head = [translate("monitor.axis"), ...all.map((series) => series.name)];
    this.rows.replaceChildren(table(translate("monitor.table"), head, rows));
  }
}

function spring(): HTMLElement {
  return element("span", { class: "dl-spring" });
}

function last(series: Series): number {
  return series.values[series.values.length - 1] ?? Number.NaN;
}

/** The value at a step or the last one before it; the latest where no step is given. */
function at(series: Series, step: number | undefined): number {
  if (step === undefined) return last(series);
  let index = series.steps.length - 1;
  while (index > 0 && (series.steps[index] ?? 0) > step) index -= 1;
  return series.values[index] ?? Number.NaN;
}

function exactly(series: Series, step: number): number | undefined {
  const index = series.steps.lastIndexOf(step);
  return index < 0 ? undefined : series.values[index];
}
