/**
 * A small program that really fails, in several ways, and reports through Rollbar's own SDK.
 *
 * Payloads made up here would prove that the simulator understands itself. These are made by the package a
 * customer installs: real stack traces, real frames, the SDK's own fields. It runs as a process of its own, so
 * that its failing harms nobody.
 *
 *   node failing-program.ts <url of the simulator> [token]
 */
import Rollbar from 'rollbar';

const [url = '', accessToken = 'demo-token'] = process.argv.slice(2);
if (!URL.canParse(url)) {
  console.error(
    `failing-program: got ${JSON.stringify(url)}, expected the url of the simulator as first argument`,
  );
  process.exit(2);
}

const rollbar = new Rollbar({
  accessToken,
  endpoint: `${url}/api/1/item/`,
  environment: 'demo',
  codeVersion: '1.0.0-demo',
  captureUncaught: true,
  captureUnhandledRejections: true,
  exitOnUncaughtException: false,
  captureEmail: true,
  captureUsername: true,
});

interface Cart {
  readonly lines?: { readonly total: number };
}

/** Real code does not check either. */
function totalOf(cart: Cart): number {
  return (cart as Required<Cart>).lines.total;
}

function checkout(cart: Cart): string {
  return `to pay: ${totalOf(cart)}`;
}

async function reserveStock(article: string): Promise<never> {
  throw new Error(`article ${article} is not in stock`);
}

function readSettings(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('settings cannot be read', { cause });
  }
}

function caught(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  throw new Error('it should have failed');
}

// Uncaught: the SDK sees it, because the process does.
setTimeout(() => checkout({}), 10);
// A rejection nobody handles.
void reserveStock('K-17');

rollbar.error(caught(() => JSON.parse('{"basket": ')));
rollbar.critical(caught(() => readSettings('{"limit": 12,}')));
rollbar.warning('stock runs low', { article: 'K-17', left: 3 });

// The SDK takes an object that looks like a request, and the person from it.
const request = {
  method: 'GET',
  url: '/account?tab=orders',
  headers: { host: 'shop.example.invalid', 'user-agent': 'demo' },
  rollbar_person: { id: 'user-00042', username: 'shopper-00042', email: 'user-00042@example.invalid' },
};
rollbar.error(
  caught(() => checkout({})),
  request,
);

setTimeout(() => rollbar.wait(() => process.exit(0)), 200);
