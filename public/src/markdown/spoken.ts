import { splitThinking } from './thinking.ts';

/** The beginning of a reply as it is said: without its reasoning and without the marks of Markdown. */
export function spoken(text: string, characters: number): string {
  const { answer } = splitThinking(text, false);
  const plain = answer
    .slice(0, characters * 4)
    .replaceAll(/^[ \t]*(?:```.*|~~~.*|#{1,6}[ \t]|>[ \t]?|\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*$)/gm, '')
    .replaceAll(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, '$1')
    .replaceAll(/\*\*|__|`|~~/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return plain.length <= characters ? plain : `${plain.slice(0, plain.lastIndexOf(' ', characters))} …`;
}
