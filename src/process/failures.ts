/** Why a node could not start, in lines for its operator. */
import { ConfigError } from '../config.ts';
import { StartError } from '../start-error.ts';

/** The lines to show; null: not an operator's matter, so the whole error with its stack is worth showing. */
export function startProblems(error: unknown): string[] | null {
  if (error instanceof ConfigError) return error.problems.map(oneLine);
  if (error instanceof StartError) return [oneLine(error.message)];
  return null;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}
