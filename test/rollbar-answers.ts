/** Documented answers of Rollbar, and what becomes of their rows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../contract/columns.ts';
import { conform } from '../contract/conform.ts';
import { parseJson } from '../contract/numbers.ts';
import { at, elements } from '../contract/read.ts';
import type { Body, Emitted } from '../contract/record.ts';
import type { People } from '../contract/redact.ts';
import { occurrenceOf } from '../producers/rollbar/occurrence.ts';

const answers = join(import.meta.dirname, '..', 'producers', 'rollbar', 'answers');

export const text = (name: string): string => readFileSync(join(answers, name), 'utf8');
export const answer = (name: string): JsonValue => parseJson(text(name));
export const rowsOf = (name: string, list: string): readonly JsonValue[] =>
  elements(at(answer(name), 'result', list));

/** The body of a record, as it goes on the stream. */
export const bodyOf = ({ type, values }: Emitted, people: People = { mode: 'keep' }): Body =>
  conform(type, values, people);

/** Answers with occurrences. */
export const pages = [
  'instances_head_mixed.json',
  'instances_late_arrival.json',
  'instances_page_next.json',
  'instances_precision_and_text_traps.json',
  'instances_same_second_out_of_id_order.json',
];
export const occurrences = pages.flatMap((name) => rowsOf(name, 'instances')).map(occurrenceOf);

/** A browser's trace, a Ruby chain, a Python message, an iOS crash report and a message of Rollbar itself. */
export const mixed = rowsOf('instances_head_mixed.json', 'instances').map(occurrenceOf);
