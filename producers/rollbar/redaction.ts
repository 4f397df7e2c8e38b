/**
 * What leaves an occurrence's payload before anything is stored.
 *
 * Rollbar hands back whatever notifiers sent, and adds the project's own access token. A notifier's scrubbing
 * is not relied on: it is configured per app and forgotten per app. Keys that are secret wherever they stand
 * (passwords, tokens, cookies, Authorization) are the contract's list; these are the places that only someone
 * who knows Rollbar knows. Case of keys does not matter.
 */
import type { Redaction } from '../../contract/record.ts';

/** Path in `data` → what happens to the value. The first rule that ends at a value decides. */
export const payloadRules: Readonly<Record<string, Redaction>> = {
  // Rollbar's own: the token of the reporting app, and the options it was configured with.
  'metadata.access_token': 'remove',
  'notifier.configured_options': 'remove',

  // The person: the id as the feed's `people` setting says, nothing else about them.
  'person.id': 'person',
  'person.*': 'remove',
  '**.email': 'remove',
  '**.username': 'remove',

  // Where the person is.
  '**.user_ip': 'remove',
  '**.remote_addr': 'remove',
  '**.remote_ip': 'remove',
  '**.ip_address': 'remove',
  'request.headers.x-forwarded-for': 'remove',
  'request.headers.x-original-forwarded-for': 'remove',
  'request.headers.x-real-ip': 'remove',
  'request.headers.x-client-ip': 'remove',
  'request.headers.x-cluster-client-ip': 'remove',
  'request.headers.client-ip': 'remove',
  'request.headers.true-client-ip': 'remove',
  'request.headers.cf-connecting-ip': 'remove',
  'request.headers.fastly-client-ip': 'remove',
  'request.headers.forwarded': 'remove',

  // What the person typed or sent.
  'request.post': 'remove',
  'request.get': 'remove',
  'request.params': 'remove',
  'request.query_string': 'remove',
  'request.body': 'remove',
  'request.raw_body': 'remove',
  'request.data': 'remove',
  'request.form': 'remove',
  'request.json': 'remove',
  'request.files': 'remove',
  'request.session': 'remove',
  'body.telemetry.*.body.value': 'remove',
  'body.telemetry.*.body.request': 'remove',
  'body.telemetry.*.body.response': 'remove',

  // Addresses: queries and fragments carry searches, tokens and mail addresses.
  '**.url': 'query',
  '**.href': 'query',
  '**.filename': 'query',
  'request.headers.referer': 'query',
  'request.headers.referrer': 'query',
  'request.headers.x-original-url': 'query',
  'request.headers.x-rewrite-url': 'query',
  'body.telemetry.*.body.from': 'query',
  'body.telemetry.*.body.to': 'query',
  // The frames say the same as the raw stack, and there the addresses are in their places.
  '**.stack': 'remove',
  '**.exception.raw': 'remove',

  // What was in memory: values of variables, the command line, the environment.
  '**.locals': 'remove',
  '**.args': 'remove',
  '**.kwargs': 'remove',
  'server.argv': 'remove',
  '**.env': 'remove',
  '**.environ': 'remove',
};
