// Colours: the host's CSS variables for surfaces and text, the Okabe-Ito palette for data.

/** Okabe-Ito, its light hues darkened so that each has 3:1 contrast on white and on dark grey. */
export const PALETTE = [
  "#0072B2", // blue
  "#D55E00", // vermilion
  "#009E73", // green
  "#CC79A7", // purple
  "#B87A00", // orange
  "#2E8BC0", // sky
  "#8A8000", // olive
  "#757575", // grey
] as const;

/** Line patterns that go with the palette: colour is never the only difference. */
export const DASHES: readonly number[][] = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

export function colour(index: number): string {
  return PALETTE[index % PALETTE.length] ?? PALETTE[0];
}

export function dash(index: number): number[] {
  return [...(DASHES[index % DASHES.length] ?? [])];
}

export interface Theme {
  text: string;
  muted: string;
  line: string;
  background: string;
  accent: string;
  font: string;
  dark: boolean;
}

/** Read the colours in force at `element`, for drawing on a canvas. */
export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(`--dl-${name}`).trim();
  const background = read("background");
  return {
    text: read("text"),
    muted: read("muted"),
    line: read("line"),
    background,
    accent: read("accent"),
    font: style.fontFamily,
    dark: luminance(resolveColour(element, background)) < 0.2,
  };
}

/** `any CSS colour` -> `[r, g, b]`; custom properties come back as written, not as computed. */
function resolveColour(element: Element, value: string): [number, number, number] {
  const probe = document.createElement("span");
  probe.style.color = value;
  element.append(probe);
  const parts =
    getComputedStyle(probe)
      .color.match(/[\d.]+/g)
      ?.map(Number) ?? [];
  probe.remove();
  return [parts[0] ?? 255, parts[1] ?? 255, parts[2] ?? 255];
}

/** Relative luminance of sRGB components 0..255 (WCAG 2). */
export function luminance([red, green, blue]: [number, number, number]): number {
  const linear = (component: number) => {
    const c = component / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** Contrast ratio of two `#rrggbb` colours (WCAG 2): 1 … 21. */
export function contrast(first: string, second: string): number {
  const [low, high] = [luminance(parseHex(first)), luminance(parseHex(second))].sort(
    (a, b) => a - b,
  );
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

/** Black or white, whichever reads better on a colour of the palette. */
export function inkOn(fill: string): string {
  return contrast(fill, "#ffffff") >= contrast(fill, "#000000") ? "#ffffff" : "#000000";
}

function parseHex(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Call `redraw` when the host switches its theme; returns the function that ends it. */
export function onThemeChange(redraw: () => void): () => void {
  // The host changes its style sheets a moment after it changes the attribute.
  const later = () => {
    redraw();
    setTimeout(redraw, 250);
  };
  const observer = new MutationObserver(later);
  const attributeFilter = [
    "data-jp-theme-name",
    "data-jp-theme-light",
    "data-vscode-theme-kind",
    "data-theme",
    "class",
  ];
  observer.observe(document.body, { attributes: true, attributeFilter });
  observer.observe(document.documentElement, { attributes: true, attributeFilter });
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", later);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", later);
  };
}

export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
