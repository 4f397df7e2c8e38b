/**
 * The alarms, all in one place: what must wake somebody, and the heading in the runbook that says what to do.
 *
 * Each part of the pipeline hands over what can be measured about it; here it is decided which of that matters.
 * What belongs here: freshness in the warehouse per feed, runs whose records are missing from the ledger, refused
 * credentials, the iterator age against the stream's retention, batches given up or skipped, the quarantine's
 * growth. Silence must alarm too: a metric that stops is treated as breaching.
 */
import type { Stack } from 'aws-cdk-lib';
import type { Pipeline } from './pipeline-stack.ts';

/** Adds the alarms; called last, when every part is there. */
export function alarms(_stack: Stack, _pipeline: Pipeline): void {}
