/**
 * The user that Firehose loads with: it may insert into the landing table and nothing else.
 *
 * Its password is generated in Secrets Manager, and only a digest of it travels: Redshift takes
 * `sha256|digest|salt` in the place of a password (CREATE USER in its developer guide).
 */
import { createHash } from 'node:crypto';
import { literal, SCHEMA } from '../../contract/redshift.ts';
import type { Sql } from '../sql.ts';

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
      /^[a-z][a-z0-9_]{0,62}$/.test(username)
    ) {
      return { username, password };
    }
  }
  throw new TypeError(
    'the secret of the Firehose user must be {"username": "…", "password": "…"} with a username in lower case letters, digits and _',
  );
}

/** Makes the user, or gives it the password that the secret holds now. */
export async function grantFirehose(sql: Sql, { username, password }: Credentials): Promise<void> {
  const salt = createHash('sha256').update(username).digest('hex').slice(0, 32);
  const digest = createHash('sha256')
    .update(password + salt)
    .digest('hex');
  const [known] = await sql.query(`select count(*) from pg_user where usename = ${literal(username)}`);
  const verb = Number(known?.[0] ?? 0) === 0 ? 'create' : 'alter';
  await sql.run([
    `${verb} user ${username} password ${literal(`sha256|${digest}|${salt}`)}`,
    `grant usage on schema ${SCHEMA} to ${username}`,
    `grant insert on ${SCHEMA}.landing to ${username}`,
  ]);
}
