/** Reads who hears the alarms, which are off and which have another threshold. */
import { ALARM_NAMES, ALARM_SCALES, type AlarmName, type Scale } from './alarms/catalogue.ts';
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
    Object.entries(written).map(([name, value]) => [
      name,
      threshold(name as AlarmName, value, `${path}.${name}`),
    ]),
  );
};

/** A threshold that can be reached, and is not always. */
function threshold(name: AlarmName, value: unknown, path: string): number {
  const { unit, most = Number.MAX_VALUE }: Scale = ALARM_SCALES[name];
  if (typeof value === 'number' && value > 0 && value <= most) return value;
  const range = most === Number.MAX_VALUE ? 'above 0' : `above 0, at most ${most}`;
  return wrong(path, show(value), `a number ${range}, in ${unit} (docs/runbook.md says what is usual)`);
}

const off: Reader<readonly AlarmName[]> = (value, path) => {
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
