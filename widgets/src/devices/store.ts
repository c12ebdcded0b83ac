// What every device did: operators, copies, bytes in use.
import type { Columns, Strings, Table } from "../lib/decode";
import { Rows } from "../lib/ring";
import type { Frame } from "../lib/schema";
import type { Store } from "../lib/widget";

const OPERATOR = ["start", "end", "op", "name", "phase", "span", "elements"] as const;
const COPY = ["source", "target", "bytes", "reason", "time"] as const;
const USAGE = ["time", "bytes"] as const;

/** The stream numbers strings; a lane keeps texts of its own numbers, stable over resets. */
export class Names {
  private readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();

  number(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.texts.push(text);
    this.numbers.set(text, this.texts.length - 1);
    return this.texts.length - 1;
  }

  text(number: number): string {
    return this.texts[number] ?? "";
  }
}

export class Lane {
  readonly operators = new Rows(OPERATOR, 50_000);
  readonly usage = new Rows(USAGE, 20_000);
  used = 0;
  peak = 0;
  lastTime = 0;

  constructor(readonly device: string) {}

  cell(index: number, column: (typeof OPERATOR)[number]): number {
    return this.operators.columns[column][index] ?? Number.NaN;
  }

  /** Share of a span of time in which the device worked. */
  busy(start: number, end: number): number {
    let sum = 0;
    for (let i = this.operators.size - 1; i >= 0; i -= 1) {
      const [from, to] = [this.cell(i, "start"), this.cell(i, "end")];
      sum += Math.max(0, Math.min(to, end) - Math.max(from, start));
    }
    return end > start ? Math.min(1, sum / (end - start)) : 0;
  }

  /** The operator that ran at a time, or the nearest within `reach`; -1: none. */
  find(time: number, reach: number): number {
    let best = -1;
    let bestAway = reach;
    for (let i = this.operators.size - 1; i >= 0; i -= 1) {
      const away = Math.max(this.cell(i, "start") - time, time - this.cell(i, "end"), 0);
      if (away === 0) return i;
      if (away < bestAway) [best, bestAway] = [i, away];
    }
    return best;
  }
}

export class DevicesStore implements Store {
  readonly names = new Names();
  readonly lanes = new Map<string, Lane>();
  copies = new Rows(COPY, 20_000);
  dropped = 0;
  lastTime = 0;
  firstTime = Number.POSITIVE_INFINITY;

  receive(frame: Frame, tables: Record<string, Table>, strings: Strings): void {
    if (frame.reset) this.clear();
    this.dropped = frame.dropped;
    each(tables.operators, (columns, row) => this.addOperator(columns, row, strings));
    each(tables.copies, (columns, row) => this.addCopy(columns, row, strings));
    each(tables.usage, (columns, row) => this.addUsage(columns, row, strings));
  }

  lane(device: string): Lane {
    const known = this.lanes.get(device);
    if (known) return known;
    const made = new Lane(device);
    this.lanes.set(device, made);
    return made;
  }

  /** Lanes in a steady order: cpu(0), cpu(1), gpu(0), … */
  ordered(): Lane[] {
    const byName = new Intl.Collator("en", { numeric: true });
    return [...this.lanes.values()].sort((a, b) => byName.compare(a.device, b.device));
  }

  /** What a selection calls an operator: its node, or for an eager call the operator itself. */
  handle(lane: Lane, index: number): string {
    const node = this.names.text(lane.cell(index, "name"));
    return node || this.names.text(lane.cell(index, "op"));
  }

  private addOperator(columns: Columns, row: number, strings: Strings): void {
    const at = (name: string) => columns[name]?.[row] ?? 0;
    const known = (name: string) => this.names.number(strings.get(at(name)));
    const lane = this.lane(strings.get(at("device")));
    lane.operators.push({
      start: at("start"),
      end: at("end"),
      op: known("op"),
      name: known("name"),
      phase: known("phase"),
      span: known("span"),
      elements: at("elements"),
    });
    lane.lastTime = Math.max(lane.lastTime, at("end"));
    this.note(at("start"), at("end"));
  }

  private addCopy(columns: Columns, row: number, strings: Strings): void {
    const at = (name: string) => columns[name]?.[row] ?? 0;
    const known = (name: string) => this.names.number(strings.get(at(name)));
    const [source, target, reason] = [known("source"), known("target"), known("reason")];
    this.copies.push({ source, target, reason, bytes: at("bytes"), time: at("time") });
    this.note(at("time"), at("time"));
  }

  private addUsage(columns: Columns, row: number, strings: Strings): void {
    const at = (name: string) => columns[name]?.[row] ?? 0;
    const lane = this.lane(strings.get(at("device")));
    lane.used = at("bytes");
    lane.peak = at("peak");
    lane.usage.push({ time: at("time"), bytes: at("bytes") });
  }

  private note(start: number, end: number): void {
    this.firstTime = Math.min(this.firstTime, start);
    this.lastTime = Math.max(this.lastTime, end);
  }

  private clear(): void {
    this.lanes.clear();
    this.copies = new Rows(COPY, 20_000);
    this.lastTime = 0;
    this.firstTime = Number.POSITIVE_INFINITY;
  }
}

function each(table: Table | undefined, add: (columns: Columns, row: number) => void): void {
  if (!table) return;
  for (let row = 0; row < table.rows; row += 1) add(table.columns, row);
}
