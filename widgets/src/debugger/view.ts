// The debugger's page element: buttons, the plan's text, tables of values.
import type { DebuggerTraits } from "../debugger";
import { element, setData, setText } from "../lib/dom";
import { notice } from "../lib/notice";
import type { DebuggerCommand, DebuggerStand } from "../lib/schema";
import { nodeOf } from "../lib/selection";
import { button, captureKeys, toolbar } from "../lib/toolbar";
import type { Context, Drawing, Store } from "../lib/widget";
import { marksOf, PlanText } from "./plan";
import { valueTable } from "./values";

type Key = "step" | "block" | "continue" | "restart" | "nan";
/** The buttons that need no place: their texts, commands and keys. */
const BUTTONS: readonly [Key, DebuggerCommand, string][] = [
  ["step", "step", "s"],
  ["block", "stepOver", "o"],
  ["continue", "cont", "c"],
  ["nan", "nan", "n"],
  ["restart", "restart", "r"],
];

export function debuggerView(context: Context<Store, DebuggerTraits>): Drawing {
  return new DebuggerView(context);
}

class DebuggerView implements Drawing {
  private readonly badge = element("span", { class: "dl-badge", role: "status" });
  private readonly reason = element("div", { class: "dl-reason", "aria-live": "polite" });
  private readonly values = element("div", { class: "dl-values", tabindex: 0, role: "group" });
  private readonly place: HTMLInputElement;
  private readonly buttons = new Map<DebuggerCommand, HTMLButtonElement>();
  private readonly notice;
  private readonly plan: PlanText;
  private readonly endKeys: () => void;
  private shown: DebuggerStand | undefined;

  constructor(private readonly context: Context<Store, DebuggerTraits>) {
    const { root, translate, model } = context;
    const program = model.get("_program");
    this.notice = notice(translate);
    this.place = this.makePlace();
    this.plan = new PlanText(
      program,
      `${translate("debugger.plan", { title: program.title })}. ${translate("debugger.plan.help")}`,
      translate("debugger.breakpoint"),
      {
        choose: (step) => context.selection.select(program.steps[step]?.name ?? ""),
        runTo: (step) => this.send("runTo", step),
        toggleBreak: (step) => this.send("breakAt", step),
      },
    );
    const body = element("div", { class: "dl-debug-body" }, this.plan.root, this.values);
    body.style.setProperty("--dl-height", `${model.get("height")}px`);
    root.append(this.makeToolbar(), this.notice.node, this.reason, body);
    this.values.addEventListener("click", (event) => this.chooseRow(event));
    model.on("change:_at", context.invalidate);
    const shortcuts = BUTTONS.map(([, command, key]) => [key, () => this.press(command)] as const);
    this.endKeys = captureKeys(root, Object.fromEntries(shortcuts));
  }

  draw(): void {
    const { root, model, connection, selection } = this.context;
    const [program, at] = [model.get("_program"), model.get("_at")];
    this.notice.update(connection.link, at.error);
    this.plan.update(marksOf(program, at, selection.selected));
    this.drawButtons(at);
    this.drawState(at, program.steps.length);
    if (at !== this.shown) this.drawValues(at);
    this.shown = at;
    setData(root, "index", at.index);
    setData(root, "breaks", at.breaks.map((stop) => stop.label).join(" "));
  }

  dispose(): void {
    this.endKeys();
    this.context.model.off("change:_at", this.context.invalidate);
  }

  // Controls -----------------------------------------------------------------------------

  private makePlace(): HTMLInputElement {
    const { translate, model } = this.context;
    const label = translate("debugger.place");
    const made = element("input", {
      ...{ class: "dl-input", type: "search", placeholder: label, "aria-label": label },
      ...{ list: `dl-names-${model.get("_model_key")}`, "data-action": "place" },
    });
    made.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.runTo();
    });
    return made;
  }

  private makeToolbar(): HTMLElement {
    const { translate, model } = this.context;
    const steps = model.get("_program").steps;
    const names = new Set(steps.flatMap((step) => [step.name, step.scope]).filter(Boolean));
    const options = [...names].map((name) => element("option", { value: name }));
    const list = element("datalist", { id: `dl-names-${model.get("_model_key")}` }, ...options);
    const run = button({
      action: "runTo",
      label: translate("debugger.run"),
      title: translate("debugger.run.help"),
      onClick: () => this.runTo(),
    });
    this.buttons.set("runTo", run);
    return toolbar(
      translate("common.toolbar"),
      element("span", { class: "dl-title" }, translate("debugger.title")),
      this.place,
      list,
      run,
      ...BUTTONS.map(([key, command]) => this.makeButton(key, command)),
      element("span", { class: "dl-spring" }),
      this.badge,
    );
  }

  private makeButton(key: Key, command: DebuggerCommand): HTMLButtonElement {
    const { translate } = this.context;
    const made = button({
      action: command,
      label: translate(`debugger.${key}`),
      title: translate(`debugger.${key}.help`),
      onClick: () => this.send(command, 0),
    });
    this.buttons.set(command, made);
    return made;
  }

  private press(command: DebuggerCommand): void {
    if (!this.buttons.get(command)?.disabled) this.send(command, 0);
  }

  /** Run to what was typed, or else to the first step of the selected node. */
  private runTo(): void {
    const { selection } = this.context;
    const text = this.place.value.trim() || selection.selected;
    if (text) this.send("runTo", 0, text);
    else this.place.focus();
  }

  private send(command: DebuggerCommand, value: number, text?: string): void {
    this.context.connection.send(command, value, text);
    this.context.invalidate();
  }

  // Drawing ------------------------------------------------------------------------------

  private drawButtons(at: DebuggerStand): void {
    const { connection } = this.context;
    const cut = connection.link === "disconnected" || connection.link === "stale";
    for (const [command, made] of this.buttons) {
      const over = (at.finished || at.failed) && command !== "restart";
      made.disabled = cut || over;
      setData(made, "pending", String(connection.isPending(command)));
    }
    this.place.disabled = cut || at.finished || at.failed;
  }

  private drawState(at: DebuggerStand, count: number): void {
    const { connection, translate } = this.context;
    const where =
      at.index < 0
        ? translate("debugger.start")
        : translate("debugger.step.of", { index: at.index, count });
    const state = at.failed ? "error" : at.finished ? "done" : "paused";
    const words = { error: "debugger.failed", done: "debugger.over" } as const;
    const live = state === "paused" ? where : translate(words[state]);
    setText(this.badge, connection.link === "live" ? live : translate(`link.${connection.link}`));
    setData(this.badge, "state", connection.link === "live" ? state : connection.link);
    setText(this.reason, at.index < 0 ? translate("debugger.hint") : this.standing(at, where));
  }

  private standing(at: DebuggerStand, where: string): string {
    const step = this.context.model.get("_program").steps[at.index];
    if (!step) return where;
    const facts = [where, `${step.name} (${step.op})`, step.phase, step.device, step.scope];
    return [...facts, step.span, at.reason].filter(Boolean).join(" · ");
  }

  private drawValues(at: DebuggerStand): void {
    const { translate, locale } = this.context;
    const tables = (["inputs", "outputs", "buffers"] as const).map((name) => {
      const made = valueTable(translate(`debugger.${name}`), at[name], translate, locale);
      setData(made, "values", name);
      return made;
    });
    this.values.replaceChildren(...(at.index < 0 ? [] : tables));
    this.values.setAttribute("aria-label", translate("debugger.inputs"));
  }

  /** A row of a table selects the node whose value it is. */
  private chooseRow(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>("tr[data-name]");
    if (row?.dataset.name) this.context.selection.select(nodeOf(row.dataset.name));
  }
}
