/**
 * Reads the text of a COPY.
 *
 * Only what this project writes is understood. An option that is not is an error rather than ignored: most
 * options of COPY make it load rows that were refused before, and ignoring one would show here what AWS does not do.
 */

/** What a COPY asks for. */
export interface CopyStatement {
  /** As written, `schema.table`. */
  readonly table: string;
  /** Empty: all columns of the table, in its order. */
  readonly columns: readonly string[];
  /** `s3://bucket/key` of a manifest, or of a file. */
  readonly source: string;
  readonly isManifest: boolean;
  readonly gzip: boolean;
  readonly timeAuto: boolean;
  readonly roundec: boolean;
}

/** The COPY that Firehose issues for a manifest. */
export function firehoseCopy(
  target: { readonly table: string; readonly columns: readonly string[]; readonly options: string },
  manifestUrl: string,
): string {
  const columns = target.columns.length === 0 ? '' : ` (${target.columns.join(', ')})`;
  // The credentials of the delivery role, which Firehose fills in itself.
  return `COPY ${target.table}${columns} FROM '${manifestUrl}' CREDENTIALS 'aws_iam_role=delivery' MANIFEST ${target.options};`;
}

const TOKEN = /\s*(?:'((?:[^']|'')*)'|((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))*)|([(),;]))/y;

type Token = { readonly text: string } | { readonly word: string } | { readonly mark: string };

/** @throws {SyntaxError} naming the option or the word that is not understood. */
export function parseCopy(sql: string): CopyStatement {
  const tokens = tokenise(sql);
  let at = 0;
  const peek = (): string | null => {
    const token = tokens[at];
    return token === undefined || !('word' in token) ? null : token.word.toUpperCase();
  };
  const word = (expected: string): string => {
    const token = tokens[at++];
    if (token === undefined || !('word' in token)) throw new SyntaxError(`COPY: expected ${expected}`);
    return token.word;
  };
  const text = (option: string): string => {
    if (peek() === 'AS') at += 1;
    const token = tokens[at++];
    if (token === undefined || !('text' in token)) {
      throw new SyntaxError(`COPY: ${option} needs a value in single quotes`);
    }
    return token.text;
  };
  const isMark = (mark: string): boolean => {
    const token = tokens[at];
    if (token === undefined || !('mark' in token) || token.mark !== mark) return false;
    at += 1;
    return true;
  };

  if (word('COPY').toUpperCase() !== 'COPY') throw new SyntaxError('COPY: expected COPY');
  const table = word('a table');
  const columns: string[] = [];
  if (isMark('(')) {
    do columns.push(word('a column').replaceAll('"', ''));
    while (isMark(','));
    if (!isMark(')')) throw new SyntaxError('COPY: expected ) after the columns');
  }
  if (word('FROM').toUpperCase() !== 'FROM') throw new SyntaxError('COPY: expected FROM after the table');
  const source = text('FROM');

  const given = new Set<string>();
  const exactly = (option: string, wanted: string): void => {
    const value = text(option);
    // The keyword is case-sensitive.
    if (value !== wanted) throw new SyntaxError(`COPY: ${option} '${value}' is not used by this project`);
  };
  while (at < tokens.length && !isMark(';')) {
    const option = word('an option').toUpperCase();
    if (given.has(option)) throw new SyntaxError(`COPY: option ${option} is given twice`);
    given.add(option);
    switch (option) {
      case 'MANIFEST':
      case 'GZIP':
      case 'ROUNDEC':
        break;
      case 'JSON':
      case 'TIMEFORMAT':
      case 'DATEFORMAT':
        exactly(option, 'auto');
        break;
      case 'COMPUPDATE':
      case 'STATUPDATE':
        if (peek() !== 'OFF')
          throw new SyntaxError(`COPY: ${option} other than OFF is not used by this project`);
        at += 1;
        break;
      case 'IAM_ROLE':
        if (peek() === 'DEFAULT') at += 1;
        else text(option);
        break;
      case 'CREDENTIALS':
      case 'REGION':
        text(option);
        break;
      default:
        throw new SyntaxError(`COPY: option ${option} is not used by this project`);
    }
  }
  if (at < tokens.length) throw new SyntaxError('COPY: nothing may follow the semicolon');
  if (!given.has('JSON')) throw new SyntaxError("COPY: JSON 'auto' is missing, the rows are JSON");
  if (!given.has('IAM_ROLE') && !given.has('CREDENTIALS')) {
    throw new SyntaxError('COPY: IAM_ROLE is missing, without it S3 cannot be read');
  }
  return {
    table,
    columns,
    source,
    isManifest: given.has('MANIFEST'),
    gzip: given.has('GZIP'),
    timeAuto: given.has('TIMEFORMAT'),
    roundec: given.has('ROUNDEC'),
  };
}

function tokenise(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = sql.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const start = TOKEN.lastIndex;
    const [, text, word, mark] = TOKEN.exec(sql) ?? [];
    if (text !== undefined) tokens.push({ text: text.replaceAll("''", "'") });
    else if (word !== undefined) tokens.push({ word });
    else if (mark !== undefined) tokens.push({ mark });
    else throw new SyntaxError(`COPY: cannot read ${JSON.stringify(sql.slice(start, start + 20))}`);
  }
  return tokens;
}
