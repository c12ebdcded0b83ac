// The line that says why a view is not live, or what went wrong.
import type { Link } from "./connection";
import { element, setData, setText } from "./dom";
import type { Translate } from "./i18n";

export interface Notice {
  node: HTMLElement;
  /** `error` wins over the state of the connection. */
  update(link: Link, error?: string): void;
}

export function notice(translate: Translate): Notice {
  const node = element("div", { class: "dl-note", role: "note", hidden: true });
  return {
    node,
    update(link, error = "") {
      const text = error || (link === "live" ? "" : translate(`link.${link}.note`));
      node.hidden = text === "";
      setText(node, text);
      setData(node, "state", error ? "error" : link);
    },
  };
}
