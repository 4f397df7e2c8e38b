/** What a simulated vendor answers, and the words that all of them share. */

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In parts, so that a page of large rows never is in memory as a whole. */
  readonly body: Iterable<string>;
}

export const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };

export function plainJson(value: unknown, status = 200): Answer {
  return { status, headers: JSON_TYPE, body: [JSON.stringify(value)] };
}

export function text(status: number, type: string, body: string): Answer {
  return { status, headers: { 'Content-Type': type }, body: [body] };
}
