/**
 * Takes a person out of the archive bucket: staged rows, refused records, batches given up, and copies of what was redriven.
 *
 * A staged row stays without the person, so that the warehouse can be filled again from it; a row of an unknown type, a
 * refused record and a record of a batch go whole. An object is written again only when something in it changes.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { PREFIX } from '../../contract/archive.ts';
import type { JsonValue } from '../../contract/columns.ts';
import type { RecordType } from '../../contract/record.ts';
import type { Objects } from '../ports.ts';
import { readGivenUp } from '../redrive/given-up.ts';
import { isObject, isWhole, type Kept, objectIn } from '../redrive/kept.ts';
import { readQuarantine } from '../redrive/quarantine.ts';
import { erased, mentions, type Person } from './person.ts';

export interface ArchiveErasure {
  /** Prefix → records found, and the objects that held them. */
  readonly found: ReadonlyMap<string, { readonly records: number; readonly objects: number }>;
  /** Objects that were looked at. */
  readonly searched: number;
  /** Objects that still may name the person, each with the reason. */
  readonly left: readonly string[];
}

export interface ArchiveTools {
  readonly objects: Objects;
  readonly types: readonly RecordType[];
  readonly isDryRun: boolean;
  readonly stopped: AbortSignal;
  readonly onObject: (done: number, all: number) => void;
}

/** An object without the person. */
interface Cleaned {
  readonly records: number;
  /** Null when nothing is left of it. */
  readonly bytes: Buffer | null;
  /** Why something of it may be left. */
  readonly problem: string | null;
}

type Clean = (bytes: Buffer, person: Person, types: readonly RecordType[]) => Cleaned;

/** Objects in work at once: in an account each takes some round trips. */
const AT_ONCE = 8;

const MANIFESTS = `${PREFIX.landing}manifests/`;

/** The longest prefix decides. */
const CLEANERS: readonly (readonly [string, Clean | null])[] = [
  [`${PREFIX.landing}${PREFIX.skipped}`, null],
  [MANIFESTS, null],
  [PREFIX.landing, (bytes, person, types) => cleanRows(bytes, person, types)],
  ...[PREFIX.quarantine, `${PREFIX.redriven}${PREFIX.quarantine}`].map(
    (prefix) =>
      [prefix, (bytes: Buffer, person: Person) => cleanKept(readQuarantine(bytes), bytes, person)] as const,
  ),
  ...[PREFIX.givenUp, `${PREFIX.redriven}${PREFIX.givenUp}`].map(
    (prefix) =>
      [prefix, (bytes: Buffer, person: Person) => cleanKept(readGivenUp(bytes), bytes, person)] as const,
  ),
  [PREFIX.quarantineFailed, cleanUnknown],
];

export async function eraseFromArchive(person: Person, tools: ArchiveTools): Promise<ArchiveErasure> {
  const { objects, isDryRun, types, stopped, onObject } = tools;
  const roots = [PREFIX.landing, PREFIX.quarantine, PREFIX.givenUp, PREFIX.redriven, PREFIX.quarantineFailed];
  const work: (readonly [key: string, prefix: string, clean: Clean])[] = [];
  for (const root of roots)
    for (const key of await objects.list(root, new Date(0))) {
      const [prefix = '', clean = null] = CLEANERS.find(([each]) => key.startsWith(each)) ?? [];
      if (clean !== null) work.push([key, prefix, clean]);
    }
  const found = new Map<string, { records: number; objects: number }>();
  const left: string[] = [];
  let done = 0;
  const queue = work.values();
  const worker = async (): Promise<void> => {
    for (const [key, prefix, clean] of queue) {
      if (stopped.aborted) return;
      const bytes = await objects.read(key);
      if (bytes !== null) {
        const { records, bytes: rest, problem } = clean(bytes, person, types);
        if (problem !== null) left.push(`${key} ${problem}`);
        if (records > 0) {
          const sum = found.get(prefix) ?? { records: 0, objects: 0 };
          found.set(prefix, { records: sum.records + records, objects: sum.objects + 1 });
          if (!isDryRun) await (rest === null ? objects.remove(key) : objects.write(key, rest));
        }
      }
      done += 1;
      onObject(done, work.length);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return { found, searched: done, left: left.sort() };
}

/** Lines of rows as COPY reads them. */
function cleanRows(bytes: Buffer, person: Person, types: readonly RecordType[]): Cleaned {
  const text = unpacked(bytes);
  if (text === null) return { records: 0, bytes, problem: 'cannot be unpacked' };
  const lines = text.split('\n').filter((line) => line !== '');
  const changed = lines.map((line) => (mentions(person, line) ? cleanRow(line, person, types) : line));
  const records = changed.filter((line, index) => line !== lines[index]).length;
  const rest = changed.filter((line) => line !== null);
  if (records === 0) return { records, bytes, problem: null };
  return { records, bytes: gzipSync(rest.map((line) => `${line}\n`).join('')), problem: null };
}

/** The row without the person; null when that cannot be. */
function cleanRow(line: string, person: Person, types: readonly RecordType[]): string | null {
  const row = objectIn(line);
  const type = types.find(
    ({ name, version }) => name === row?.record_type && version === row?.record_version,
  );
  if (row === null || type === undefined || !isObject(row.body)) return null;
  const body = erased(type, row.body as Readonly<Record<string, JsonValue>>, person);
  const clean = JSON.stringify({ ...row, body });
  return mentions(person, clean) ? null : clean;
}

/** Records that were refused, or of a batch. */
function cleanKept(kept: Kept, bytes: Buffer, person: Person): Cleaned {
  const rest = [...kept.records.entries()]
    .filter(
      ([, { record }]) =>
        !isWhole(record) || !mentions(person, Buffer.from(record.entry.data).toString('utf8')),
    )
    .map(([index]) => index);
  const broken = kept.records.filter(({ record }) => !isWhole(record)).length;
  return {
    records: kept.records.length - rest.length,
    bytes: rest.length === 0 ? null : rest.length === kept.records.length ? bytes : kept.part(rest),
    problem: broken === 0 ? null : `holds ${broken} that cannot be read whole`,
  };
}

/** What Firehose failed to write into the quarantine has no form of ours. */
function cleanUnknown(bytes: Buffer): Cleaned {
  return {
    records: 0,
    bytes,
    problem: 'was not searched: Firehose failed to deliver it, look at it and delete it',
  };
}

function unpacked(bytes: Buffer): string | null {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch {
    return null;
  }
}
