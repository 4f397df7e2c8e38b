/**
 * A session: everything that `npm start` runs, started in the right order and ended again.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LOCAL_STACK_FILE, type LocalStack } from '../../contract/local-stack.ts';
import { type LocalServices, startServices } from '../services/index.ts';
import type { Grants } from '../stack/grants.ts';
import { createGuard, type Guard } from '../stack/guard.ts';
import type { JsonObject } from '../stack/json.ts';
import { type RunningStack, type SecretRequest, startStack } from '../stack/stack.ts';
import { synthesise } from '../stack/synth.ts';
import { serveWire, type WireServer } from '../warehouse/wire.ts';
import { writeActivity } from './activity.ts';
import { type Options, UsageError } from './options.ts';
import { isRunSummary, Progress } from './progress.ts';
import { type Simulator, startSimulator } from './simulators.ts';

export interface SessionOptions {
  readonly root: string;
  readonly options: Options;
  /** Names of the producers' folders. */
  readonly producers: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** A line for whoever watches. */
  readonly say: (line: string) => void;
}

export interface Session {
  readonly stack: RunningStack;
  readonly services: LocalServices;
  readonly progress: Progress;
  readonly dataDir: string;
  /** What roles may do and nothing has needed in any session on this directory. */
  unneededGrants(): readonly string[];
  close(): Promise<void>;
}

/** Simulated minutes pass in half a second: a quarter of an hour's freshness is seven seconds. */
const SIMULATED_SPEED = 120;

/** A real vendor is asked every ten seconds, not twice a second. */
const REAL_SPEED = 6;

/** Facts per minute that a simulated vendor adds while somebody watches. */
const LIVE_PER_MINUTE = 60;

/** Days of the past that simulated vendors hold: with fewer, nobody could be seen to stay away for four weeks. */
const SIMULATED_DAYS = 42;

/**
 * Starts simulators, services and the stack.
 * @throws {Error} with what failed; what was started is stopped again.
 */
export async function startSession(session: SessionOptions): Promise<Session> {
  const started: { close(): unknown }[] = [];
  const close = async (): Promise<void> => {
    for (const part of started.toReversed()) await part.close();
    started.length = 0;
  };
  try {
    return await start(session, started, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  { root, options, producers, environment, now, say }: SessionOptions,
  started: { close(): unknown }[],
  close: () => Promise<void>,
): Promise<Session> {
  const dataDir =
    options.dataDir === null ? mkdtempSync(join(tmpdir(), 'heimdallr-')) : resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const token: TokenOf = (producer) => environment[`${producer.toUpperCase()}_TOKEN`];
  const startAt = simulationStart(dataDir, now);
  const { simulators, vendors, isAllSimulated, speed } = await startVendors({
    ...{ root, options, producers, token, say, startAt },
  });
  // A real vendor's past is as the configuration says; a simulated one has nothing beyond its own.
  const since = options.since ?? (isAllSimulated ? `${SIMULATED_DAYS}d` : null);
  started.push(...simulators);

  const progress = new Progress(now);
  let guard: Guard | null = null;
  const starting = startServices({
    ...{ dataDir, speed, now },
    warehouseUrl: options.warehouse,
    log: (message) => progress.trouble(message),
    // The permissions stand in the template, which is there before any function calls.
    onCall: (call) => guard?.check(call),
  });
  const assemblyDir = join(dataDir, 'cdk.out');
  say('stack      being synthesised');
  const synthesis = synthesise({
    ...{ projectDir: root, outDir: assemblyDir, environment },
    context: contextOf(options, vendors, since),
  });
  // Both are awaited before either may throw, so that nothing keeps running behind an error.
  const [served, synthesised] = await Promise.allSettled([starting, synthesis]);
  if (served.status === 'fulfilled') started.push(served.value);
  else throw served.reason;
  if (synthesised.status === 'rejected') throw asUsage(synthesised.reason);
  const seconds = ((now().getTime() - progress.startedAt.getTime()) / 1000).toFixed(1);
  say(`stack      synthesised in ${seconds} s, ${synthesised.value.template.resources.size} resources`);

  const services = served.value;
  guard = createGuard(assemblyDir);
  const { grants } = guard;
  started.push(rememberGrants(join(dataDir, 'grants-used.json'), grants));
  const wire = await openWire(services);
  if (wire !== null) started.push(wire);
  const warehouseUrl = wire?.url ?? options.warehouse ?? '';
  const writing = isAllSimulated
    ? writeActivity({ root, warehouseUrl, startAt, sinceHours: 24 * SIMULATED_DAYS })
    : Promise.resolve(null);
  const deploying = startStack({
    ...{ assemblyDir, dataDir, services, speed, now },
    secretValue: (secret) => secretValue(secret, token),
    onEvent: (event) => progress.event(event),
    onResult: ({ result }) => {
      if (result.status === 'ok' && isRunSummary(result.payload)) progress.run(result.payload);
    },
    isPaused: true,
  });
  // Both are awaited before either may throw, as above.
  const [written, running] = await Promise.allSettled([writing, deploying]);
  if (running.status === 'rejected') throw running.reason;
  const stack = running.value;
  started.push(stack);
  if (written.status === 'rejected') throw written.reason;
  if (written.value !== null) say(written.value);
  started.push(tellOperators(dataDir, services.endpoint, stack));
  for (const [name, url] of stack.functionUrls) say(`webhook    ${name}: ${url}`);
  say(`warehouse  psql '${withoutPassword(warehouseUrl)}'`);
  say(`state      ${dataDir}`);
  say(`operate    npm run redrive -- --data ${dataDir}, npm run backfill -- --data ${dataDir}`);
  const unneededGrants = () =>
    grants.unneeded().map(({ role, action, resource }) => `${role}: ${action} on ${resource}`);
  return { stack, services, progress, dataDir, unneededGrants, close };
}

/** What was needed in one session on a directory need not be needed again in the next to count. */
function rememberGrants(file: string, grants: Grants) {
  if (existsSync(file)) grants.remember(JSON.parse(readFileSync(file, 'utf8')));
  return { close: () => writeFileSync(file, `${JSON.stringify(grants.used, null, 1)}\n`) };
}

/** Leaves what `npm run redrive` and `npm run backfill` need to find the stack, as long as it runs. */
function tellOperators(dataDir: string, endpoint: string, { region, assembly }: RunningStack) {
  const file = join(dataDir, LOCAL_STACK_FILE);
  const told: LocalStack = { endpoint, region, stack: assembly.stackName, pid: process.pid };
  writeFileSync(file, `${JSON.stringify(told)}\n`);
  return { close: () => rmSync(file, { force: true }) };
}

type TokenOf = (producer: string) => string | undefined;

/**
 * When the simulated vendors' past ended, kept with the state: a second run on the same directory meets the same
 * vendors, a little later, and not others whose facts its cursors would pass over.
 */
function simulationStart(dataDir: string, now: () => Date): string {
  const file = join(dataDir, 'simulated-since');
  if (!existsSync(file)) writeFileSync(file, now().toISOString());
  return readFileSync(file, 'utf8');
}

/** Starts a simulator for every vendor that is wanted and neither given nor real, and chooses the speed. */
async function startVendors({
  root,
  options,
  producers,
  token,
  say,
  startAt,
}: Pick<SessionOptions, 'root' | 'options' | 'producers' | 'say'> & {
  readonly token: TokenOf;
  readonly startAt: string;
}) {
  const wanted = producers.filter(
    (producer) => options.feeds.length === 0 || options.feeds.some((feed) => feed.startsWith(`${producer}:`)),
  );
  const simulated = wanted.filter(
    (producer) => options.vendors[producer] === undefined && token(producer) === undefined,
  );
  const perMinute = options.until === null ? LIVE_PER_MINUTE : 0;
  const simulators = await Promise.all(
    simulated.map((producer) =>
      startSimulator({ root, producer, perMinute, startAt, sinceHours: 24 * SIMULATED_DAYS }),
    ),
  );
  for (const producer of wanted) say(whatIsPolled(producer, simulators, options));
  const isAllSimulated = simulated.length === wanted.length;
  const isSimulation = isAllSimulated || options.until !== null;
  const own = Object.fromEntries(simulators.map(({ producer, url }) => [producer, url]));
  return {
    simulators,
    vendors: { ...own, ...options.vendors },
    isAllSimulated,
    speed: options.speed ?? (isSimulation ? SIMULATED_SPEED : REAL_SPEED),
  };
}

/** What of the installation is changed for this session, as infra/overrides.ts reads it. */
const contextOf = (
  { feeds }: Options,
  vendors: Readonly<Record<string, string>>,
  since: string | null,
): JsonObject => ({
  'heimdallr:vendors': vendors,
  ...(feeds.length === 0 ? {} : { 'heimdallr:feeds': feeds.join(',') }),
  ...(since === null ? {} : { 'heimdallr:since': since }),
});

/** Which feeds there are, and what can be installed, is known only to the app: what it says is the user's to mend. */
function asUsage(error: unknown): unknown {
  const said = error instanceof Error ? error.message : '';
  const [, feed] = /context heimdallr:feeds: (.*)/.exec(said) ?? [];
  if (feed !== undefined) return new UsageError(`--feed: ${feed}`);
  const [configuration] = /heimdallr\.config\.ts cannot be deployed as it is:.*/s.exec(said) ?? [];
  return configuration === undefined ? error : new UsageError(configuration.trimEnd());
}

/** The address without its password, wherever that stands. */
function withoutPassword(address: string): string {
  const url = new URL(address);
  if (url.password !== '') url.password = 'PASSWORD';
  for (const name of url.searchParams.keys()) if (/pass/i.test(name)) url.searchParams.set(name, 'PASSWORD');
  return url.href;
}

const openWire = async ({ warehouse }: LocalServices): Promise<WireServer | null> =>
  warehouse.embedded === null ? null : serveWire(warehouse.embedded);

function whatIsPolled(producer: string, simulators: readonly Simulator[], options: Options): string {
  const simulator = simulators.find((one) => one.producer === producer);
  if (simulator !== undefined) return `vendor     ${producer}: simulated at ${simulator.url}`;
  const url = options.vendors[producer];
  return `vendor     ${producer}: ${url === undefined ? 'its real API' : url}`;
}

/** A feed's secret as whoever installs would fill it: with the token from the environment, or one for the simulator. */
function secretValue(
  { name, generated }: SecretRequest,
  token: (producer: string) => string | undefined,
): string {
  const [, producer] = /^heimdallr\/([^/]+)\/[^/]+$/.exec(name) ?? [];
  const value: unknown = generated === null ? null : JSON.parse(generated);
  if (producer === undefined || typeof value !== 'object' || value === null || !('token' in value))
    return generated ?? '';
  return JSON.stringify({
    ...value,
    token: token(producer) ?? `simulated-${producer}-token`,
    webhookSecret: `simulated-${producer}-webhook-secret`,
  });
}
