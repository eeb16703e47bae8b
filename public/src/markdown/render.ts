/**
 * Markdown to safe HTML, a block at a time. The model's text never becomes markup: raw HTML stays text, links lead
 * only to the web and mail, images are links, and what comes out is cleaned once more.
 */
import DOMPurify from 'dompurify';
import createMarkdown, { type MarkdownIt, type RendererRule } from 'markdown-it';

export interface Labels {
  copyCode: string;
  image(alt: string): string;
}

const ALLOWED_TAGS = [
  'a', 'blockquote', 'br', 'button', 'code', 'del', 'div', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'li', 'ol', 'p', 'pre', 's',
  'span', 'strong', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul',
];
const ALLOWED_ATTR = ['href', 'title', 'class', 'start', 'type', 'target', 'rel', 'tabindex', 'data-copy', 'data-align'];

/** The cleaner holds the value of every other attribute against the rule for addresses. */
const NOT_ADDRESSES = ['target', 'rel', 'start', 'type', 'tabindex', 'data-copy', 'data-align'];

export function sanitize(html: string): string {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS,
    ALLOWED_ATTR,
    ADD_URI_SAFE_ATTR: NOT_ADDRESSES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  });
}

export function makeMarkdown(labels: Labels): MarkdownIt {
  const markdown = new createMarkdown({ html: false, linkify: true, typographer: false });
  const { escapeHtml } = markdown.utils;
  const safeLink = markdown.validateLink.bind(markdown);
  markdown.validateLink = (url) => safeLink(url) && /^(?:https?|mailto):/i.test(url.trim());

  markdown.renderer.rules.link_open = (tokens, index, options, _env, self) => {
    tokens[index]?.attrSet('target', '_blank');
    tokens[index]?.attrSet('rel', 'noopener noreferrer');
    return self.renderToken(tokens, index, options);
  };
  markdown.renderer.rules.image = (tokens, index) => {
    const image = tokens[index];
    const text = escapeHtml(labels.image(image?.content ?? ''));
    return `<a class="image-link" href="${escapeHtml(String(image?.attrGet('src') ?? ''))}" target="_blank" rel="noopener noreferrer">${text}</a>`;
  };
  const code = (content: string, language: string): string =>
    `<div class="code"><div class="code-head"><span>${escapeHtml(language)}</span><button type="button" data-copy="1">${escapeHtml(labels.copyCode)}</button></div>` +
    `<pre tabindex="0"><code>${escapeHtml(content)}</code></pre></div>\n`;
  markdown.renderer.rules.fence = (tokens, index) => code(tokens[index]?.content ?? '', (tokens[index]?.info ?? '').trim().split(/\s+/)[0] ?? '');
  markdown.renderer.rules.code_block = (tokens, index) => code(tokens[index]?.content ?? '', '');
  markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>';
  markdown.renderer.rules.table_close = () => '</table></div>';
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
