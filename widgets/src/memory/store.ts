// Who lay where, from when to when: one map per pool, arena and plan.
import type { Strings, Table } from "../lib/decode";
import { Rows } from "../lib/ring";
import type { Frame, PlanMap } from "../lib/schema";
import { MEMORY_KINDS } from "../lib/schema";
import type { Store } from "../lib/widget";

/** `end` is Infinity while the buffer lives. Strings are kept as numbers: see `names`. */
export const COLUMNS = ["start", "end", "address", "bytes", "owner", "note", "buffer"] as const;
export type Column = (typeof COLUMNS)[number];

const ALLOCATED = MEMORY_KINDS.indexOf("allocated");
const FREED = MEMORY_KINDS.indexOf("freed");
const TAKEN = MEMORY_KINDS.indexOf("slotTaken");

/** One address space over time: a device's pool, a plan's arena, or the plan itself. */
export class Space {
  readonly rows = new Rows(COLUMNS);
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();
  /** Row of what lies there now, by buffer number or by address. */
  readonly live = new Map<number, number>();
  used = 0;
  peak = 0;
  /** First address that was never used. */
  top = 0;
  lastTime = 0;

  constructor(
    readonly name: string,
    readonly kind: "pool" | "arena" | "plan",
    readonly device: string,
    readonly plan: string,
  ) {}

  number(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.names.push(text);
    this.numbers.set(text, this.names.length - 1);
    return this.names.length - 1;
  }

  text(index: number): string {
    return this.names[index] ?? "";
  }

  begin(key: number, row: Record<Column, number>): void {
    // A slot is sometimes taken over in place, without having been freed.
    if (this.live.has(key)) this.finish(key, row.start);
    this.live.set(key, this.rows.push(row));
    this.used += row.bytes;
    this.peak = Math.max(this.peak, this.used);
    this.top = Math.max(this.top, row.address + row.bytes);
    this.lastTime = Math.max(this.lastTime, row.start);
  }

  finish(key: number, time: number): void {
    const row = this.live.get(key);
    if (row === undefined) return;
    this.live.delete(key);
    this.rows.set(row, "end", time);
    const index = row - this.rows.forgotten;
    if (index >= 0) this.used -= this.rows.columns.bytes[index] ?? 0;
    this.lastTime = Math.max(this.lastTime, time);
  }

  cell(index: number, column: Column): number {
    return this.rows.columns[column][index] ?? Number.NaN;
  }

  /** The row under a point of the map, or -1. */
  find(time: number, address: number): number {
    for (let i = this.rows.size - 1; i >= 0; i -= 1) {
      const inTime = this.cell(i, "start") <= time && time < this.cell(i, "end");
      if (inTime && this.covers(i, address)) return i;
    }
    return -1;
  }

  /** Who lay on (part of) the same bytes just before this row began; -1: nobody. */
  before(index: number): number {
    const start = this.cell(index, "start");
    let best = -1;
    for (let i = 0; i < this.rows.size; i += 1) {
      if (i === index || this.cell(i, "end") > start || !this.overlap(i, index)) continue;
      if (best < 0 || this.cell(i, "end") >= this.cell(best, "end")) best = i;
    }
    return best;
  }

  /** Who took (part of) the same bytes first after this row ended; -1: nobody yet. */
  after(index: number): number {
    const end = this.cell(index, "end");
    for (let i = index + 1; i < this.rows.size; i += 1) {
      if (this.cell(i, "start") >= end && this.overlap(i, index)) return i;
    }
    return -1;
  }

  private covers(index: number, address: number): boolean {
    const low = this.cell(index, "address");
    return low <= address && address < low + this.cell(index, "bytes");
  }

  private overlap(i: number, j: number): boolean {
    const [a, b] = [this.cell(i, "address"), this.cell(j, "address")];
    return a < b + this.cell(j, "bytes") && b < a + this.cell(i, "bytes");
  }
}

export class MemoryStore implements Store {
  readonly spaces = new Map<string, Space>();
  dropped = 0;

  constructor(plan: PlanMap | undefined) {
    if (plan?.buffers) this.addPlan(plan);
  }

  receive(frame: Frame, tables: Record<string, Table>, strings: Strings): void {
    if (frame.reset) this.clear();
    this.dropped = frame.dropped;
    const table = tables.memory;
    if (!table) return;
    for (let row = 0; row < table.rows; row += 1) {
      this.add((column) => table.columns[column]?.[row] ?? 0, strings);
    }
  }

  private add(cell: (column: string) => number, strings: Strings): void {
    const kind = cell("kind");
    const space = this.space(strings.get(cell("space")));
    const pooled = kind === ALLOCATED || kind === FREED;
    const key = pooled ? cell("buffer") : cell("address");
    if (kind !== ALLOCATED && kind !== TAKEN) {
      space.finish(key, cell("time"));
      return;
    }
    space.begin(key, {
      start: cell("time"),
      end: Number.POSITIVE_INFINITY,
      address: cell("address"),
      bytes: cell("bytes"),
      owner: space.number(strings.get(cell("owner"))),
      note: space.number(strings.get(cell("note"))),
      buffer: cell("buffer"),
    });
  }

  /** `cpu(0)` is a pool, `cpu(0)#3` the arena of plan 3. */
  private space(name: string): Space {
    const known = this.spaces.get(name);
    if (known) return known;
    const [device = "", plan = ""] = name.split("#");
    const made = new Space(name, plan ? "arena" : "pool", device, plan);
    this.spaces.set(name, made);
    return made;
  }

  private addPlan(plan: PlanMap): void {
    for (const buffer of plan.buffers) {
      const name = `${buffer.device}#plan`;
      const space = this.spaces.get(name) ?? new Space(name, "plan", buffer.device, "");
      this.spaces.set(name, space);
      space.begin(-1 - space.rows.size, {
        start: buffer.first,
        end: buffer.last + 1,
        address: buffer.offset,
        bytes: buffer.bytes,
        owner: space.number(buffer.owner),
        note: space.number(buffer.previous),
        buffer: -1,
      });
    }
    for (const space of this.spaces.values()) settlePlan(space);
  }

  private clear(): void {
    for (const [name, space] of this.spaces) if (space.kind !== "plan") this.spaces.delete(name);
  }
}

/** A plan is not lived through but known: its peak is the largest sum over its steps. */
function settlePlan(space: Space): void {
  const changes: [number, number][] = [];
  for (let i = 0; i < space.rows.size; i += 1) {
    changes.push([space.cell(i, "start"), space.cell(i, "bytes")]);
    changes.push([space.cell(i, "end"), -space.cell(i, "bytes")]);
    space.lastTime = Math.max(space.lastTime, space.cell(i, "end"));
  }
  changes.sort(([a, x], [b, y]) => a - b || x - y);
  space.live.clear();
  space.peak = 0;
  let sum = 0;
  for (const [, bytes] of changes) {
    sum += bytes;
    space.peak = Math.max(space.peak, sum);
  }
  space.used = space.top;
}
