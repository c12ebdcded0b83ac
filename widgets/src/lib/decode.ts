// Binary frames: tables of little-endian float64 columns, one after the other in one buffer.
import type { Frame } from "./schema";

export type Columns = Record<string, Float64Array>;
export interface Table {
  rows: number;
  columns: Columns;
}

/** Strings travel once; columns hold their numbers. */
export class Strings {
  private readonly known: string[] = [];

  /** False when the sender has already sent strings that never arrived here: ask for a resync. */
  add(start: number, added: string[]): boolean {
    if (start > this.known.length) return false;
    this.known.length = start;
    this.known.push(...added);
    return true;
  }

  get(index: number): string {
    return this.known[index] ?? "";
  }

  get size(): number {
    return this.known.length;
  }
}

/** Split a frame's buffer into its tables. A short buffer is an error, never silently zeros. */
export function decodeTables(header: Frame, bytes: DataView): Record<string, Table> {
  const values = floats(bytes);
  const tables: Record<string, Table> = {};
  let at = 0;
  for (const { name, columns, rows } of header.tables) {
    const made: Columns = {};
    for (const column of columns) {
      made[column] = values.subarray(at, at + rows);
      at += rows;
    }
    tables[name] = { rows, columns: made };
  }
  if (at !== values.length) {
    throw new RangeError(`frame ${header.sequence}: ${values.length} numbers for ${at} cells`);
  }
  return tables;
}

/** View the bytes as float64; copy where they do not lie on an 8-byte boundary. */
export function floats(bytes: DataView): Float64Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteOffset % 8 === 0)
    return new Float64Array(buffer as ArrayBuffer, byteOffset, byteLength / 8);
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}
