// Strings of the views: src/i18n/*.json, the same files that Python reads.
import en from "../i18n/en.json";
import zh from "../i18n/zh.json";

export type Key = keyof typeof en;
export type Locale = "en" | "zh";
export type Values = Record<string, string | number>;
export type Translate = (key: Key, values?: Values) => string;

const TABLES: Record<Locale, Record<Key, string>> = { en, zh };

/** `auto` follows the page (JupyterLab sets its language there), then the browser. */
export function resolveLocale(wanted: string, page = pageLanguage()): Locale {
  const language = (wanted === "auto" ? page : wanted).toLowerCase();
  return language.startsWith("zh") ? "zh" : "en";
}

function pageLanguage(): string {
  return document.documentElement.lang || navigator.language || "en";
}

/** The function that looks a key up in one language and fills in its `{placeholders}`. */
export function translator(locale: Locale): Translate {
  const table = TABLES[locale];
  return (key, values = {}) =>
    table[key].replace(/\{(\w+)\}/g, (whole, name: string) =>
      name in values ? String(values[name]) : whole,
    );
}

/** `1536` -> `1.5 KiB`. */
export function formatBytes(bytes: number, locale: Locale): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = bytes;
  let unit = 0;
  while (Math.abs(scaled) >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
  return `${formatNumber(scaled, locale, digits)} ${units[unit]}`;
}

export function formatNumber(value: number, locale: Locale, digits = 0): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
}

/** Four significant digits, with an exponent for the very small and the very large. */
export function formatMetric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)));
}

/** Seconds as `7 s`, `1:05`, `2:00:09`; a clock reads the same in every language. */
export function formatDuration(seconds: number): string {
  if (seconds > 0 && seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const tail = `${two(minutes % 60)}:${two(whole % 60)}`;
  return minutes < 60 ? tail.replace(/^0/, "") : `${Math.floor(minutes / 60)}:${tail}`;
}

/** Nanoseconds as `850 ns`, `12.3 µs`, `4.56 ms`, `1.2 s`. */
export function formatNanoseconds(value: number): string {
  const steps: [number, string][] = [
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
  ];
  for (const [size, unit] of steps) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))} ${unit}`;
  }
  return `${Math.round(value)} ns`;
}
