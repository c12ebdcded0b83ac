// The box beside the pointer (or the keyboard's mark) that says what lies there.
import { element } from "./dom";

export type Facts = [label: string, value: string][];

export interface Tip {
  node: HTMLElement;
  show(facts: Facts, x: number, y: number): void;
  hide(): void;
}

/** `x` and `y` are pixels from the host's corner; the box stays inside the host. */
export function tip(host: HTMLElement): Tip {
  const node = element("div", { class: "dl-tip", role: "status", hidden: true });
  host.append(node);
  return {
    node,
    show(facts, x, y) {
      const list = element("dl");
      for (const [label, value] of facts) {
        list.append(element("dt", {}, label), element("dd", { "data-fact": label }, value));
      }
      node.replaceChildren(list);
      node.hidden = false;
      const room = host.clientWidth - node.offsetWidth - 4;
      node.style.left = `${Math.max(0, x + 14 > room ? x - node.offsetWidth - 10 : x + 14)}px`;
      node.style.top = `${y + 12}px`;
    },
    hide() {
      node.hidden = true;
    },
  };
}
