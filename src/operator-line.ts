/** One line on stderr for whoever runs this process, beginning with the product's name; for what happens before there is a logger. */
export function tellOperator(line: string): void {
  process.stderr.write(`holdfast: ${line}\n`);
}
