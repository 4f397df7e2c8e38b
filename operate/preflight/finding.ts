/** What is found about one thing that a deployment needs. */

export interface Finding {
  readonly verdict: 'ok' | 'missing' | 'unchecked';
  readonly what: string;
  readonly words: string;
}

export const ok = (what: string, words: string): Finding => ({ verdict: 'ok', what, words });
export const missing = (what: string, words: string): Finding => ({ verdict: 'missing', what, words });
export const unchecked = (what: string, words: string): Finding => ({ verdict: 'unchecked', what, words });
