// Rows of numbers in a typed array that grows, up to a limit, and then forgets its oldest half.

/** `columns.x[i]`, valid for `0 <= i < size`. Columns are replaced when the store grows. */
export class Rows<Name extends string> {
  size = 0;
  /** How many rows were forgotten: row numbers given out by `push` count from the first ever. */
  forgotten = 0;
  columns: Record<Name, Float64Array>;
  private room = 1024;

  constructor(
    private readonly names: readonly Name[],
    private readonly limit = 200_000,
  ) {
    this.columns = this.allocate(this.room);
  }

  /** Append a row and return its lasting number. */
  push(row: Record<Name, number>): number {
    if (this.size === this.room) this.makeRoom();
    for (const name of this.names) this.columns[name][this.size] = row[name];
    this.size += 1;
    return this.forgotten + this.size - 1;
  }

  /** Overwrite one cell of a row, unless it is forgotten. */
  set(row: number, name: Name, value: number): void {
    const index = row - this.forgotten;
    if (index >= 0) this.columns[name][index] = value;
  }

  clear(): void {
    this.size = 0;
    this.forgotten = 0;
  }

  private allocate(room: number): Record<Name, Float64Array> {
    return Object.fromEntries(this.names.map((name) => [name, new Float64Array(room)])) as Record<
      Name,
      Float64Array
    >;
  }

  private makeRoom(): void {
    const keepFrom = this.room >= this.limit ? this.size >> 1 : 0;
    if (keepFrom === 0) this.room = Math.min(this.limit, this.room * 2);
    const old = this.columns;
    this.columns = this.allocate(this.room);
    for (const name of this.names) {
      this.columns[name].set(old[name].subarray(keepFrom, this.size));
    }
    this.size -= keepFrom;
    this.forgotten += keepFrom;
  }
}
