/**
 * HTML as a value. Whatever is put into a template is text and is escaped; only what came out of a template, or out of
 * `trusted`, is taken as it is. Titles come from error messages, and an error message is written by whoever likes to.
 */

export interface Html {
  readonly markup: string;
}

type Content = string | number | Html | null | false | readonly Content[];

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that XML and HTML have no place for, and marks that turn the direction of the text around them. */
const UNSEEN = /(?![\t\n\r])\p{Cc}|[\u202A-\u202E\u2066-\u2069]/gu;

/** Text that a browser shows letter by letter, in an element or in a quoted attribute. */
export const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(UNSEEN, '\uFFFD')
    .replace(/[&<>"']/g, (sign) => escapes[sign] ?? '');

export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return trusted(parts.map((part, at) => part + markupOf(contents[at] ?? null)).join(''));
}

/** For what a library has made of nothing but numbers, and for the style sheet. */
export const trusted = (markup: string): Html => ({ markup });

/** Text of the outside: its letters may run from right to left, and must not turn what stands beside them. */
export const foreign = (text: string): Html => html`<bdi>${text}</bdi>`;

function markupOf(content: Content): string {
  if (content === null || content === false) return '';
  if (typeof content === 'object') return isList(content) ? content.map(markupOf).join('') : content.markup;
  return escaped(String(content));
}

const isList = (content: Html | readonly Content[]): content is readonly Content[] => Array.isArray(content);
