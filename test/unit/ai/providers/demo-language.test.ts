import { languageOf, topicOf } from '../../../../src/ai/providers/demo-language.ts';
import { demoText } from '../../../../src/ai/providers/demo-text.ts';

test.each([
  ['Xin chào, bạn có thể giúp tôi không?', 'vi'],
  ['Làm thế nào để nấu phở?', 'vi'],
  ['Làm thế nào để nấu phở?'.normalize('NFD'), 'vi'],
  ['xin chao ban', 'vi'],
  ['giai thich giup toi ve Redis', 'vi'],
  ['Viết code Python', 'vi'],
  ['How do I cook pho?', 'en'],
  ['Où est la bibliothèque à côté de l\'hôtel?', 'en'],
  ['São Paulo não é a capital', 'en'],
  ['', 'en'],
  ['Tell me about Vienna and the cho sound in Japanese', 'en'],
])('P33 %j is answered in %s', (text, language) => {
  expect(languageOf(text)).toBe(language);
});

test('P33 the answer itself is Vietnamese, by the last message of the user', () => {
  const text = demoText([{ role: 'user', content: 'Hello' }, { role: 'assistant', content: 'Hi' }, { role: 'user', content: 'Kể về Hà Nội mùa thu' }], 0);
  expect(languageOf(text)).toBe('vi');
  expect(text).toContain('Hà Nội mùa thu');
  expect(text.replace(/```[^`]+```/, '')).not.toMatch(/\b(you|the|step)\b/i);
});

test.each([
  ['How do I deploy a Redis cluster at home?', 'en', 'deploy Redis cluster home'],
  ['hi', 'en', 'your question'],
  ['Giải thích cho tôi về cụm Redis', 'vi', 'cụm Redis'],
  ['xin chao ban', 'vi', 'câu hỏi của bạn'],
  [`${'𝒜'.repeat(100)} *bold* <b>`, 'en', `${'𝒜'.repeat(24)} bold b`],
] as const)('the topic of %j (%s) is %j', (text, language, topic) => {
  expect(topicOf(text, language)).toBe(topic);
});
