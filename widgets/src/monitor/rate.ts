// The learning-rate slider: logarithmic, sends while it is dragged, shows what is in force.
import { element, setData, setText } from "../lib/dom";
import type { Translate } from "../lib/i18n";
import { formatMetric } from "../lib/i18n";

const LOWEST = -6;
const HIGHEST = 1;
const STEP = 0.05;
/** While dragging send at most so often, in milliseconds. */
const SEND_PAUSE = 80;

export interface RateSlider {
  node: HTMLElement;
  update(rate: number, locked: boolean, pending: boolean): void;
}

export function rateSlider(translate: Translate, send: (rate: number) => void): RateSlider {
  const input = element("input", {
    type: "range",
    min: LOWEST,
    max: HIGHEST,
    step: STEP,
    "data-action": "lr",
    "aria-label": translate("monitor.lr"),
  });
  const output = element("output", { class: "dl-number" });
  const node = element("label", { class: "dl-rate", title: translate("monitor.lr.help") });
  node.append(translate("monitor.lr.short"), input, output);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const value = () => 10 ** Number(input.value);
  const show = (rate: number) => {
    setText(output, formatMetric(rate));
    input.setAttribute("aria-valuetext", formatMetric(rate));
  };
  input.addEventListener("input", () => {
    show(value());
    timer ??= setTimeout(() => {
      timer = undefined;
      send(value());
    }, SEND_PAUSE);
  });
  return {
    node,
    update(rate, locked, pending) {
      node.hidden = rate <= 0;
      input.disabled = locked;
      setData(input, "pending", String(pending));
      const touched = timer !== undefined || pending;
      if (rate <= 0 || touched) return;
      input.value = String(Math.log10(rate));
      show(rate);
    },
  };
}
