/**
 * The user that Firehose loads with: it may insert into the landing table and nothing else.
 *
 * Its password is generated in Secrets Manager, and only a digest of it travels, because statements are kept for
 * a day and can be read. Of the digests that Redshift takes, MD5 of password and name is the one whose making is
 * documented to the letter (CREATE USER in its developer guide); it is also what Redshift itself keeps of a
 * password in plain text. A generated password is long enough for that; one that is not would be refused here.
 */
import { createHash } from 'node:crypto';
import { literal, SCHEMA } from '../../contract/redshift.ts';
import type { Sql } from '../sql.ts';

/** Random characters that MD5 gives nothing away of. */
const MIN_PASSWORD = 16;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** @throws {TypeError} when the secret is not `{"username": …, "password": …}`; its content is not repeated. */
export function parseCredentials(secret: string): Credentials {
  let parsed: unknown;
  try {
    parsed = JSON.parse(secret);
  } catch {
    parsed = null;
  }
  if (typeof parsed === 'object' && parsed !== null && 'username' in parsed && 'password' in parsed) {
    const { username, password } = parsed;
    if (
      typeof username === 'string' &&
      typeof password === 'string' &&
      password.length >= MIN_PASSWORD &&
      /^[a-z][a-z0-9_]{0,62}$/.test(username)
    ) {
      return { username, password };
    }
  }
  throw new TypeError(
    `the secret of the Firehose user must be {"username": "…", "password": "…"} with a username in lower case letters, digits and _, and a password of at least ${MIN_PASSWORD} characters`,
  );
}

/** Makes the user, or gives it the password that the secret holds now. */
export async function grantFirehose(sql: Sql, { username, password }: Credentials): Promise<void> {
  const digest = createHash('md5')
    .update(password + username)
    .digest('hex');
  const [known] = await sql.query(`select count(*) from pg_user where usename = ${literal(username)}`);
  const verb = Number(known?.[0] ?? 0) === 0 ? 'create' : 'alter';
  await sql.run([
    `${verb} user ${username} password ${literal(`md5${digest}`)}`,
    `grant usage on schema ${SCHEMA} to ${username}`,
    `grant insert on ${SCHEMA}.landing to ${username}`,
  ]);
}
