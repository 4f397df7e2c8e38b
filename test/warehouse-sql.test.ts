/** SQL over an interface that answers later, refuses, and loses transactions. */
import { describe, expect, test } from 'vitest';
import { type DataApi, sqlOver } from '../warehouse/sql.ts';

type State = Awaited<ReturnType<DataApi['describe']>>;

const running: State = { status: 'STARTED', error: null, failedStatement: 0 };
const finished: State = { status: 'FINISHED', error: null, failedStatement: 0 };
const failed = (error: string, failedStatement = 0): State => ({ status: 'FAILED', error, failedStatement });

/** A Data API that goes through these states, run after run; an error is thrown instead of taking the statements. */
function apiOf(...runs: readonly (readonly State[] | Error)[]) {
  const submitted: (readonly string[])[] = [];
  const waits: number[] = [];
  const looks = new Map<string, number>();
  const api: DataApi = {
    async submit(statements) {
      submitted.push(statements);
      const run = runs[submitted.length - 1];
      if (run instanceof Error) throw run;
      return String(submitted.length - 1);
    },
    async describe(id) {
      const look = looks.get(id) ?? 0;
      looks.set(id, look + 1);
      const run = runs[Number(id)];
      return (run instanceof Error ? undefined : run?.[look]) ?? running;
    },
    rows: async (id) => [[`rows of ${id}`, null]],
  };
  const patience = {
    sleep: async (milliseconds: number) => void waits.push(milliseconds),
    random: () => 0.5,
  };
  return { sql: sqlOver(api, patience), submitted, waits };
}

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

describe('statements', () => {
  test('are waited for, with growing pauses, before they count as done', async () => {
    const { sql, submitted, waits } = apiOf([...Array<State>(14).fill(running), finished]);

    await sql.run(['lock landing', 'delete from landing']);

    expect(submitted).toEqual([['lock landing', 'delete from landing']]);
    expect(waits.slice(0, 3)).toEqual([50, 75, 112.5]);
    expect(waits.at(-1)).toBe(2000);
  });

  test('that are none are nobody’s business', async () => {
    const { sql, submitted } = apiOf();

    await sql.run([]);

    expect(submitted).toEqual([]);
  });

  test('answer rows once they have ended', async () => {
    const { sql } = apiOf([running, finished]);

    const rows = await sql.query('select 1');

    expect(rows).toEqual([['rows of 0', null]]);
  });

  test('that fail name the statement, its first line without literals, and the warehouse’s words', async () => {
    const { sql } = apiOf([failed('ERROR: permission denied', 1)]);

    const run = sql.run(['lock landing', "create user x password 'md5abc'\nnologin"]);

    await expect(run).rejects.toThrow(
      "statement 2 of 2 (create user x password '…') ended as FAILED: ERROR: permission denied",
    );
  });

  test('that were aborted have failed', async () => {
    const { sql } = apiOf([{ status: 'ABORTED', error: null, failedStatement: 0 }]);

    await expect(sql.run(['select 1'])).rejects.toThrow('ended as ABORTED: no reason given');
  });

  test.each([
    [
      'a serializable conflict',
      [failed('ERROR: 1023 DETAIL: Serializable isolation violation on table - 1, transactions …')],
    ],
    ['a deadlock', [failed('ERROR: deadlock detected')]],
    ['a throttled call', named('ThrottlingException', 'Rate exceeded')],
    [
      'too much going on',
      named('ActiveStatementsExceededException', 'Active statements exceeded the allowed quota'),
    ],
  ])('are run again, whole, after %s', async (_, trouble) => {
    const { sql, submitted, waits } = apiOf(trouble, trouble, [finished]);

    await sql.run(['lock landing', 'delete from landing']);

    expect(submitted).toHaveLength(3);
    expect(waits).toEqual([500, 1000]);
  });

  test('that lose every time are given up', async () => {
    const conflict = [failed('could not serialize access')];
    const { sql, submitted } = apiOf(conflict, conflict, conflict, conflict, conflict, conflict);

    await expect(sql.run(['select 1'])).rejects.toThrow('could not serialize access');
    expect(submitted).toHaveLength(5);
  });

  test('that are wrong are not run again', async () => {
    const { sql, submitted } = apiOf([failed('ERROR: column "nme" does not exist')]);

    await expect(sql.run(['select nme'])).rejects.toThrow('does not exist');
    expect(submitted).toHaveLength(1);
  });

  test.each([
    [
      'more than forty',
      Array<string>(41).fill('select 1'),
      'a transaction has at most 40 statements, got 41',
    ],
    [
      'one of more than 100,000 bytes',
      [`select ${'é'.repeat(50_000)}`],
      'a statement has at most 100000 bytes, got 100007: select',
    ],
  ])('are refused before they are sent when there are %s', async (_, statements, expected) => {
    const { sql, submitted } = apiOf();

    await expect(sql.run(statements)).rejects.toThrow(expected);
    expect(submitted).toEqual([]);
  });
});
