// Small helpers to make DOM; text is always set as text, never as HTML.

export type Child = Node | string;
export type Attributes = Record<string, string | number | boolean | undefined>;

/** `element("button", { class: "dl-button" }, "Go")`. `true` writes an empty attribute. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** Write only what differs: unchanged text keeps selections and spares screen readers. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setData(target: HTMLElement, name: string, value: string | number): void {
  const text = String(value);
  if (target.dataset[name] !== text) target.dataset[name] = text;
}

/** Add a listener and return what removes it. */
export function listen<K extends keyof HTMLElementEventMap>(
  target: HTMLElement,
  type: K,
  handler: (event: HTMLElementEventMap[K]) => void,
  options?: AddEventListenerOptions,
): () => void {
  target.addEventListener(type, handler, options);
  return () => target.removeEventListener(type, handler, options);
}

export interface Cell {
  text: string;
  number?: boolean;
  /** Machine-readable value for tests and scripts (`data-value`). */
  value?: string | number;
}

/** A table: the text form of every view. */
export function table(caption: string, head: string[], rows: Cell[][]): HTMLTableElement {
  const made = element("table", { class: "dl-table" }, element("caption", {}, caption));
  const header = element("tr");
  for (const title of head) header.append(element("th", { scope: "col" }, title));
  const body = element("tbody");
  for (const row of rows) body.append(tableRow(row));
  made.append(element("thead", {}, header), body);
  return made;
}

function tableRow(cells: Cell[]): HTMLTableRowElement {
  const row = element("tr");
  for (const cell of cells) {
    const attributes = { "data-number": cell.number ?? false, "data-value": cell.value };
    row.append(element("td", attributes, cell.text));
  }
  return row;
}
