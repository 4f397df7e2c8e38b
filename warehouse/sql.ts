/**
 * SQL on a warehouse that answers later: the Redshift Data API takes statements, runs them when it can, and is
 * asked how it went.
 *
 * "Accepted" is not "done": every call here waits for the end. A transaction that lost against a concurrent COPY
 * (error 1023, a deadlock) is run again; everything that is sent can be repeated.
 */

/** The calls of the Data API that are used. */
export interface DataApi {
  /** Starts statements, several as one transaction, and answers their id. */
  submit(statements: readonly string[]): Promise<string>;
  /** Waits a little for their end. */
  describe(id: string): Promise<{ status: string; error: string | null; failedStatement: number }>;
  rows(id: string): Promise<readonly (readonly (string | null)[])[]>;
}

export interface Sql {
  /** Runs statements in one transaction. @throws {SqlError} when it was rolled back. */
  run(statements: readonly string[]): Promise<void>;
  /** The rows of one statement, every value as text. @throws {SqlError} */
  query(statement: string): Promise<readonly (readonly (string | null)[])[]>;
}

/** A select without the comments and the semicolon of its file. */
export const bare = (select: string): string =>
  select
    .replace(/^\s*--.*$/gm, '')
    .replace(/;\s*$/, '')
    .trim();

/** A statement that the warehouse refused; everything of its transaction was rolled back. */
export class SqlError extends Error {
  override readonly name = 'SqlError';
}

export interface Patience {
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** Limits of the Data API: statements in a batch, bytes of one statement. */
const MAX_STATEMENTS = 40;
const MAX_STATEMENT_BYTES = 100_000;

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

const MAX_ATTEMPTS = 5;

/** Questions in a row without an answer before the outcome is given up as unknown. */
const MAX_UNANSWERED = 10;

/** What a repetition can cure: a serializable conflict, a deadlock, a call that was throttled or got no slot. */
const PASSING =
  /\b1023\b|serializable isolation violation|could not serialize|deadlock|too many (?:requests|active)|throttl|ActiveStatementsExceeded/i;

export function sqlOver(api: DataApi, patience: Patience): Sql {
  const finished = async (statements: readonly string[]): Promise<string> => {
    check(statements);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(api, patience, statements);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isPassing(error)) throw error;
        await patience.sleep(patience.random() * 500 * 2 ** attempt);
      }
    }
  };
  return {
    async run(statements) {
      if (statements.length > 0) await finished(statements);
    },
    query: async (statement) => api.rows(await finished([statement])),
  };
}

const isPassing = (error: unknown): boolean =>
  error instanceof Error && PASSING.test(`${error.name} ${error.message}`);

async function once(api: DataApi, { sleep }: Patience, statements: readonly string[]): Promise<string> {
  const id = await api.submit(statements);
  let unanswered = 0;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
    // A question without an answer says nothing about the statements: asked again, never sent again.
    const described = await api.describe(id).catch((error: unknown) => {
      unanswered += 1;
      if (unanswered === MAX_UNANSWERED) throw error;
      return null;
    });
    if (described === null) {
      await sleep(LONGEST_WAIT_MS);
      continue;
    }
    unanswered = 0;
    const { status, error, failedStatement } = described;
    if (status === 'FINISHED') return id;
    if (status === 'FAILED' || status === 'ABORTED') {
      const place = `statement ${failedStatement + 1} of ${statements.length} (${opening(statements[failedStatement] ?? '')})`;
      throw new SqlError(`${place} ended as ${status}: ${error ?? 'no reason given'}`);
    }
    await sleep(wait);
  }
}

/** The first line of a statement without its literals, one of which may be a password. */
function opening(statement: string): string {
  const [firstLine = ''] = statement.split('\n', 1);
  return firstLine.replace(/'(?:[^']|'')*'/g, "'…'").slice(0, 120);
}

function check(statements: readonly string[]): void {
  if (statements.length > MAX_STATEMENTS) {
    throw new RangeError(`a transaction has at most ${MAX_STATEMENTS} statements, got ${statements.length}`);
  }
  for (const statement of statements) {
    const bytes = Buffer.byteLength(statement);
    if (bytes > MAX_STATEMENT_BYTES) {
      throw new RangeError(
        `a statement has at most ${MAX_STATEMENT_BYTES} bytes, got ${bytes}: ${opening(statement)}`,
      );
    }
  }
}
