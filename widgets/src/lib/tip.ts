// The box beside the pointer (or the keyboard's mark) that says what lies there.
import { element } from "./dom";

export type Facts = [label: string, value: string][];

export interface Tip {
  node: HTMLElement;
  show(facts: Facts, x: number, y: number): void;
  hide(): void;
}

/** After the point, or before it where there is no room; never outside. */
function besides(at: number, size: number, room: number): number {
  const after = at + 14;
  return after + size <= room ? after : Math.max(0, at - size - 10);
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
      const { offsetWidth: width, offsetHeight: height } = node;
      node.style.left = `${besides(x, width, host.clientWidth)}px`;
      node.style.top = `${besides(y, height, host.clientHeight)}px`;
    },
    hide() {
      node.hidden = true;
    },
  };
}
