// Planned beside naive bytes: four bars and a sentence.
import { element } from "../lib/dom";
import { formatBytes, formatNumber, type Locale, type Translate } from "../lib/i18n";
import type { PlanMap } from "../lib/schema";
import { colour } from "../lib/theme";

export function savingBars(plan: PlanMap, translate: Translate, locale: Locale): HTMLElement {
  const share = plan.naive > 0 ? plan.arena / plan.naive : 1;
  const sentence = translate("memory.plan.text", {
    planned: formatBytes(plan.arena, locale),
    naive: formatBytes(plan.naive, locale),
    percent: formatNumber(share * 100, locale, 0),
  });
  const rows: [string, number, number][] = [
    [translate("memory.naive"), plan.naive, 7],
    [translate("memory.inplace"), plan.inplace, 4],
    [translate("memory.planned"), plan.arena, 0],
    [translate("memory.bound"), plan.lowerBound, 2],
  ];
  const box = element("div", {
    class: "dl-saving",
    role: "img",
    "aria-label": sentence,
    "data-naive": plan.naive,
    "data-inplace": plan.inplace,
    "data-arena": plan.arena,
    "data-bound": plan.lowerBound,
  });
  for (const [label, bytes, hue] of rows) {
    const width = plan.naive > 0 ? (100 * bytes) / plan.naive : 0;
    const bar = element("i", { style: `width:${width}%;background:${colour(hue)}` });
    box.append(
      element("span", {}, label),
      element("span", { class: "dl-track" }, bar),
      element("span", { class: "dl-number" }, formatBytes(bytes, locale)),
    );
  }
  return element("div", { class: "dl-plan" }, element("p", {}, sentence), box);
}
