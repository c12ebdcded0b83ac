// The toolbar of a view and its keyboard: Tab enters, arrows move, Escape leaves.
import { element } from "./dom";

export interface ButtonOptions {
  label: string;
  title?: string;
  /** `data-action`, by which tests and scripts find it. */
  action: string;
  pressed?: boolean;
  onClick: (button: HTMLButtonElement) => void;
}

export function button(options: ButtonOptions): HTMLButtonElement {
  const made = element(
    "button",
    {
      type: "button",
      class: "dl-button",
      title: options.title,
      "data-action": options.action,
      "aria-pressed": options.pressed === undefined ? undefined : String(options.pressed),
    },
    options.label,
  );
  made.addEventListener("click", () => options.onClick(made));
  return made;
}

/** A button that stays down; `onChange` gets the new state. */
export function toggle(
  options: Omit<ButtonOptions, "onClick" | "pressed"> & {
    pressed: boolean;
    onChange: (pressed: boolean) => void;
  },
): HTMLButtonElement {
  return button({
    ...options,
    onClick: (made) => {
      const pressed = made.getAttribute("aria-pressed") !== "true";
      made.setAttribute("aria-pressed", String(pressed));
      options.onChange(pressed);
    },
  });
}

export interface Choice {
  value: string;
  label: string;
}

export function select(
  options: { label: string; action: string; onChange: (value: string) => void },
  choices: Choice[],
): HTMLSelectElement {
  const made = element("select", {
    class: "dl-select",
    "aria-label": options.label,
    title: options.label,
    "data-action": options.action,
  });
  setChoices(made, choices);
  made.addEventListener("change", () => options.onChange(made.value));
  return made;
}

/** Replace the choices of a select and keep the chosen one where it still exists. */
export function setChoices(target: HTMLSelectElement, choices: Choice[]): void {
  const kept = target.value;
  const options = choices.map(({ value, label }) => element("option", { value }, label));
  target.replaceChildren(...options);
  if (choices.some(({ value }) => value === kept)) target.value = kept;
}

const FOCUSABLE = "button:not(:disabled), select, input";

/** A `role=toolbar` whose arrows move the focus among its controls. */
export function toolbar(label: string, ...children: (Node | string)[]): HTMLDivElement {
  const bar = element("div", { class: "dl-bar", role: "toolbar", "aria-label": label });
  bar.append(...children);
  bar.addEventListener("keydown", (event) => moveFocus(bar, event));
  return bar;
}

function moveFocus(bar: HTMLElement, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  // Sliders, text boxes and lists use the arrows themselves.
  if (target.tagName !== "BUTTON") return;
  const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (move === undefined) return;
  const stops = [...bar.querySelectorAll<HTMLElement>(FOCUSABLE)];
  const next = stops[(stops.indexOf(target) + move + stops.length) % stops.length];
  next?.focus();
  event.preventDefault();
}

/**
 * Keep keys inside the view and run its own shortcuts.
 *
 * Without this the notebook acts on them: with the focus in an output, `x` cuts the user's cell.
 * Keys typed into text boxes only stay inside.
 */
export function captureKeys(root: HTMLElement, shortcuts: Record<string, () => void>): () => void {
  const handler = (event: KeyboardEvent) => {
    event.stopPropagation();
    const typing = (event.target as HTMLElement).matches("input:not([type=range]), textarea");
    if (event.key === "Escape") (document.activeElement as HTMLElement | null)?.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = shortcuts[event.key];
    if (action === undefined || event.defaultPrevented) return;
    event.preventDefault();
    action();
  };
  root.addEventListener("keydown", handler);
  return () => root.removeEventListener("keydown", handler);
}
