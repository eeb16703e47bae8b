/** Rows as a small plain table: a head, a line, the rows; numbers to the right. */
export type Cell = string | number | boolean | null | undefined;
export type Row = Record<string, Cell>;

const shown = (cell: Cell): string => (cell === null || cell === undefined || cell === '' ? '-' : String(cell));

export function table(rows: Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => shown(row[name]).length)));
  const line = (cells: string[], rightOf: (index: number) => boolean): string =>
    cells.map((cell, index) => (rightOf(index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0))).join('  ').trimEnd();
  return [
    line(columns, () => false),
    line(widths.map((width) => '-'.repeat(width)), () => false),
    ...rows.map((row) => line(columns.map((name) => shown(row[name])), (index) => typeof row[columns[index] ?? ''] === 'number')),
  ].join('\n');
}

/** One thing, a field a line. */
export function fields(row: Row): string {
  const width = Math.max(...Object.keys(row).map((name) => name.length));
  return Object.entries(row).map(([name, cell]) => `${name.padEnd(width)}  ${shown(cell)}`).join('\n');
}
