/** Reads who hears the alarms, which are off and which have another threshold. */
import { ALARM_NAMES } from './alarms/catalogue.ts';
import { keysOf, list, object, oneOf, optional, type Reader, show, text, unique, wrong } from './read.ts';

export type ResolvedAlarms = ReturnType<typeof readAlarms>;

const address = text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'an e-mail address');

const slack = object({
  workspaceId: text(
    /^T[A-Z0-9]{4,}$/,
    'the id of a Slack workspace such as T0123ABCD, which AWS has been let into',
  ),
  channelId: text(/^[CG][A-Z0-9]{4,}$/, 'the id of a Slack channel such as C0123ABCD'),
});

const thresholds: Reader<Readonly<Record<string, number>>> = (value, path) => {
  const written = keysOf(value, path, ALARM_NAMES);
  return Object.fromEntries(
    Object.entries(written).map(([name, threshold]) => [
      name,
      typeof threshold === 'number' && Number.isFinite(threshold)
        ? threshold
        : wrong(
            `${path}.${name}`,
            show(threshold),
            "a number, in the unit of the alarm's metric (docs/runbook.md)",
          ),
    ]),
  );
};

const off: Reader<readonly (typeof ALARM_NAMES)[number][]> = (value, path) => {
  const names = list(oneOf(ALARM_NAMES))(value, path);
  unique(names, (index) => `${path}[${index}]`, 'every alarm once');
  return names;
};

export const readAlarms = object({
  email: optional(list(address), []),
  slack: optional(slack, null),
  off: optional(off, []),
  thresholds: (value: unknown, path: string) => thresholds(value ?? {}, path),
  runbook: optional(
    text(/^https:\/\/\S+[^/#]$/, 'an https address of docs/runbook.md, to which headings can be added'),
    'docs/runbook.md',
  ),
});
