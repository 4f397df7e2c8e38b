/**
 * The inside of a function's sandbox: what Lambda's Node runtime does around a handler.
 *
 * JavaScript and not TypeScript: stripping types would cost every sandbox 10 MB and the time to load a
 * compiler, and a bundle's memory is measured here.
 *
 * In: `{ requestId, event, deadline, clockAheadMs }`. Out: `{ kind: 'ready' }` once, then per event `{ kind: 'done', payload }`
 * or `{ kind: 'failed', error }`; `{ kind: 'died', error }` when the runtime cannot go on.
 */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

const { codeDir, handler, context } = workerData;

// Above this folder there may be a whole project with all its packages; in Lambda there is nothing.
const root = pathToFileURL(`${codeDir}/`).href;
registerHooks({
  resolve(specifier, from, next) {
    const found = next(specifier, from);
    if (/^(?:node|data):/.test(found.url) || found.url.startsWith(root)) return found;
    const problem = new Error(
      `Cannot find module '${specifier}': it is outside of the function's code, so Lambda would not find it. Bundle it`,
    );
    throw Object.assign(problem, { name: 'Runtime.ImportModuleError' });
  },
});

const RealDate = Date;
let aheadMs = 0;

process.on('uncaughtException', (error) => die(describe(error)));
process.on('unhandledRejection', (reason) =>
  die({ ...describe(reason), errorType: 'Runtime.UnhandledPromiseRejection' }),
);

const handle = await load().catch((error) => die(describe(error)));
if (handle !== undefined) {
  parentPort.on('message', (message) => answer(handle, message));
  parentPort.postMessage({ kind: 'ready' });
}

async function load() {
  const dot = handler.lastIndexOf('.');
  const [file, name] = [handler.slice(0, dot), handler.slice(dot + 1)];
  const path = ['.js', '.mjs', '.cjs'].map((end) => join(codeDir, file + end)).find(existsSync);
  if (path === undefined) throw fault('Runtime.ImportModuleError', `Cannot find module '${file}'`);
  const loaded = await import(pathToFileURL(path).href);
  const found = loaded[name] ?? loaded.default?.[name];
  if (typeof found !== 'function') {
    throw fault('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  }
  if (found.length > 2) {
    throw fault('Runtime.CallbackHandlerDeprecated', 'Node.js 24 does not call handlers with a callback');
  }
  return found;
}

async function answer(handle, { requestId, event, deadline, clockAheadMs }) {
  if (clockAheadMs !== aheadMs) setClock(clockAheadMs);
  const outcome = await call(handle, requestId, event, deadline);
  await written();
  parentPort.postMessage(outcome);
}

async function call(handle, awsRequestId, event, deadline) {
  try {
    const result = await handle(JSON.parse(event), {
      ...context,
      awsRequestId,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, deadline - RealDate.now()),
    });
    return { kind: 'done', payload: JSON.stringify(result) ?? 'null' };
  } catch (error) {
    return { kind: 'failed', error: describe(error) };
  }
}

/** Lets all code here see another time. */
function setClock(ms) {
  aheadMs = ms;
  const now = () => RealDate.now() + aheadMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given, made) =>
      given.length === 0 ? Reflect.construct(target, [now()], made) : Reflect.construct(target, given, made),
    apply: (target) => new target(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
}

function describe(thrown) {
  if (!(thrown instanceof Error))
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
}

function fault(name, message) {
  return Object.assign(new Error(message), { name });
}

async function die(error) {
  await written();
  parentPort.postMessage({ kind: 'died', error });
  process.exit(1);
}

/** Ends when the other side has all that was written so far, so that no line comes after the answer. */
async function written() {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise((resolve) => stream.write('', resolve));
  }
}
