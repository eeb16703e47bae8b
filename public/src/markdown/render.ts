/**
 * Markdown to safe HTML, a block at a time. The model's text never becomes markup: raw HTML stays text, links lead
 * only to the web and mail, and what comes out is cleaned once more. An image from the web is a link to it: loading one
 * tells its host that it was seen, and its address could carry out what was said. Pictures within the text are shown.
 */
import DOMPurify from 'dompurify';
import createMarkdown, { type MarkdownIt, type RendererRule } from 'markdown-it';
import { languageOf } from './blocks.ts';
import { addMaths } from './maths.ts';

export interface Labels {
  copyCode: string;
  image(alt: string): string;
  /** Safe HTML of code. */
  colour(code: string, language: string): string;
}

const ALLOWED_TAGS = [
  'a', 'blockquote', 'br', 'button', 'code', 'del', 'div', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'img', 'li', 'ol', 'p', 'pre', 's',
  'span', 'strong', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul',
];
const ALLOWED_ATTR = ['href', 'src', 'alt', 'loading', 'title', 'class', 'start', 'type', 'target', 'rel', 'tabindex', 'dir', 'data-copy', 'data-align'];

/** The cleaner holds the value of every other attribute against the rule for addresses. */
const NOT_ADDRESSES = ['alt', 'loading', 'target', 'rel', 'start', 'type', 'tabindex', 'dir', 'data-copy', 'data-align'];

export function sanitize(html: string): string {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS,
    ALLOWED_ATTR,
    ADD_URI_SAFE_ATTR: NOT_ADDRESSES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto):|data:image\/(?:png|jpeg|gif|webp);base64,)/i,
  });
}

/** Shown where it stands: it is part of the text and loads nothing. */
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,/i;

export function makeMarkdown(labels: Labels): MarkdownIt {
  const markdown = new createMarkdown({ html: false, linkify: true, typographer: false });
  const { escapeHtml } = markdown.utils;
  const safeLink = markdown.validateLink.bind(markdown);
  markdown.validateLink = (url) => safeLink(url) && (/^(?:https?|mailto):/i.test(url.trim()) || PICTURE.test(url.trim()));
  addMaths(markdown);

  markdown.renderer.rules.link_open = (tokens, index, options, _env, self) => {
    // A picture is no place to go to.
    if (PICTURE.test(String(tokens[index]?.attrGet('href') ?? ''))) tokens[index]?.attrs?.splice(0);
    tokens[index]?.attrSet('target', '_blank');
    tokens[index]?.attrSet('rel', 'noopener noreferrer');
    return self.renderToken(tokens, index, options);
  };
  markdown.renderer.rules.image = (tokens, index) => {
    const image = tokens[index];
    const source = escapeHtml(String(image?.attrGet('src') ?? ''));
    if (PICTURE.test(source)) return `<img src="${source}" alt="${escapeHtml(image?.content ?? '')}" loading="lazy">`;
    const text = escapeHtml(labels.image(image?.content ?? ''));
    return `<a class="image-link" href="${source}" target="_blank" rel="noopener noreferrer">${text}</a>`;
  };
  const code = (content: string, language: string): string =>
    `<div class="code" dir="ltr"><div class="code-head"><span>${escapeHtml(language)}</span><button type="button" data-copy="1">${escapeHtml(labels.copyCode)}</button></div>` +
    `<pre tabindex="0"><code>${labels.colour(content, language)}</code></pre></div>\n`;
  markdown.renderer.rules.fence = (tokens, index) => code(tokens[index]?.content ?? '', languageOf(tokens[index]?.info ?? ''));
  markdown.renderer.rules.code_block = (tokens, index) => code(tokens[index]?.content ?? '', '');
  // Says also that the direction of the text around it is none of its business.
  markdown.renderer.rules.code_inline = (tokens, index) => `<code dir="ltr">${escapeHtml(tokens[index]?.content ?? '')}</code>`;
  // Column alignment comes as an inline style, which the page's policy forbids.
  const aligned: RendererRule = (tokens, index, options, _env, self) => {
    const align = /text-align:(\w+)/.exec(String(tokens[index]?.attrGet('style') ?? ''))?.[1];
    const tag = tokens[index]?.tag ?? 'td';
    return align === undefined ? self.renderToken(tokens, index, options) : `<${tag} data-align="${align}">`;
  };
  markdown.renderer.rules.th_open = aligned;
  markdown.renderer.rules.td_open = aligned;
  return markdown;
}
