/** Which language the demo answers in, and what the question is about. Guesses good enough to show the product. */

export type DemoLanguage = 'en' | 'vi';

/** Letters of no other common language: đ, ơ, ư, ă with their tones, and all letters with a hook or a dot below. */
const VIETNAMESE_LETTER = /[ăđơư\u1EA0-\u1EF9]/iu;
/** Common syllables without their marks, for those who type without them; none that is a word of Portuguese too. */
const VIETNAMESE_SYLLABLES = new Set(
  'xin chao ban toi minh khong duoc nhung cua nhu lam giup viet tieng cam gio biet huong giai thich tai va voi hay cho'.split(' '),
);
const STOP_WORDS: Record<DemoLanguage, Set<string>> = {
  en: new Set(
    ('a about after all am an and any are as at be because but by can could did do does explain for from get give had has have hello help hey hi how i if in into is it its '
      + 'just let like make may me more much my need no not of on one or our out please short should show so some tell than thanks that the their them then there these they '
      + 'this those to too up us use very want was we were what when where which who why will with without would write you your').split(' '),
  ),
  vi: new Set(
    ('ai anh ạ bạn bao bằng bị các cách cái cần cho chào chị chúng có của cũng dùng đã đang để đến đi đó được em gì giải giúp hãy hỏi hoặc kể không là làm lại mà mình một muốn nào này '
      + 'nên nếu nhé như những nói ơi ở ra rằng rất sao sẽ ta tại thế thì thích tôi trong từ tới và vào về vì viết với xin').split(' '),
  ),
};
const FALLBACK: Record<DemoLanguage, string> = { en: 'your question', vi: 'câu hỏi của bạn' };
const MOST_WORDS = 5;
const LONGEST_WORD = 24;
/** What of a message is looked at, in characters. */
const LOOKED_AT = 2_000;

function words(text: string): string[] {
  return text.slice(0, LOOKED_AT).normalize('NFC').match(/[\p{L}\p{M}\p{N}]+(?:[-'’][\p{L}\p{M}\p{N}]+)*/gu) ?? [];
}

function withoutMarks(word: string): string {
  return word.toLowerCase().replaceAll('đ', 'd').normalize('NFD').replace(/\p{M}/gu, '');
}

export function languageOf(text: string): DemoLanguage {
  if (VIETNAMESE_LETTER.test(text.slice(0, LOOKED_AT).normalize('NFC'))) return 'vi';
  const all = words(text);
  const known = all.filter((word) => VIETNAMESE_SYLLABLES.has(withoutMarks(word))).length;
  return known >= 2 && known * 3 >= all.length ? 'vi' : 'en';
}

function isStopWord(word: string, language: DemoLanguage): boolean {
  return STOP_WORDS[language].has(word) || (language === 'vi' && VIETNAMESE_SYLLABLES.has(word));
}

/** A few words of the question, in its own order and spelling; safe inside Markdown: letters and digits only. */
export function topicOf(text: string, language: DemoLanguage): string {
  const telling = words(text).filter((word) => !isStopWord(word.toLowerCase(), language));
  const topic = telling.slice(0, MOST_WORDS).map((word) => [...word].slice(0, LONGEST_WORD).join(''));
  return topic.length > 0 ? topic.join(' ') : FALLBACK[language];
}
