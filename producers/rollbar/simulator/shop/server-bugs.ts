/** Bugs of the shop's servers: a Rails application with chained exceptions, and Python workers with messages. */
import { rawNumber } from '../../../../simulation/exact-json.ts';
import type { Payload } from '../payload.ts';
import { type Bug, frame, oddities, person, type Scene, snowflake } from './bug.ts';

const GEMS = '/app/vendor/bundle/ruby/3.3.0/gems';
const production = [['production', 1]] as const;

export const serverBugs: readonly Bug[] = [
  {
    name: 'orders-persist',
    weight: 7,
    platform: 'web',
    audience: 'everyone',
    environments: production,
    lives: { from: 1, releases: 2, every: 4 },
    payload: (scene) => ({
      ...rails(scene, 'OrdersController#create', 'POST', [
        raised('Orders::PersistError', 'could not persist order', [
          frame(`${GEMS}/actionpack-7.1.3/lib/action_controller/metal.rb`, 227, 'dispatch'),
          frame('/app/app/controllers/orders_controller.rb', 41, 'create', '    @order.persist!'),
        ]),
        raised('ActiveRecord::StatementTimeout', 'canceling statement due to statement timeout', [
          frame('/app/app/models/order.rb', 112, 'persist!'),
        ]),
        raised('PG::QueryCanceled', 'ERROR:  canceling statement due to statement timeout\n', [
          frame(`${GEMS}/pg-1.5.6/lib/pg.rb`, 0, 'exec_params'),
        ]),
      ]),
      level: 'critical',
      fingerprint: 'orders-create-pg-timeout',
    }),
  },
  {
    name: 'csrf',
    weight: 6,
    platform: 'web',
    audience: 'everyone',
    environments: [
      ['production', 9],
      ['staging', 1],
    ],
    payload: (scene) =>
      rails(scene, 'SessionsController#create', 'POST', [
        raised('ActionController::InvalidAuthenticityToken', "Can't verify CSRF token authenticity.", [
          frame(
            `${GEMS}/actionpack-7.1.3/lib/request_forgery_protection.rb`,
            251,
            'handle_unverified_request',
          ),
        ]),
      ]),
  },
  {
    name: 'payment-declined',
    weight: 6,
    platform: 'web',
    audience: 'regulars',
    environments: production,
    payload: (scene) => ({
      ...rails(scene, 'PaymentsController#create', 'POST', [
        raised('Payments::Declined', `card was declined (${scene.random.pick(['51', '05', '14'])})`, [
          frame('/app/app/services/payments.rb', 63, 'capture', '      raise Declined, reason'),
        ]),
      ]),
      level: 'warning',
    }),
  },
  {
    name: 'dead-job',
    weight: 1,
    platform: 'web',
    audience: 'nobody',
    environments: production,
    payload: (scene) => ({
      ...rails(scene, 'InvoiceJob', null, [
        raised('Sidekiq::JobRetry::Handled', 'InvoiceJob died after 25 retries', [
          frame('/app/app/jobs/invoice_job.rb', 12, 'perform'),
        ]),
      ]),
      level: 'critical',
    }),
  },
  {
    name: 'export-retry',
    weight: 6,
    platform: 'web',
    audience: 'nobody',
    environments: [
      ['production', 4],
      ['staging', 6],
    ],
    payload: (scene) => {
      const batch = scene.random.integer(1, 400);
      const metadata = { batch, extra: { attempt: scene.random.integer(1, 5) } };
      const body = `retrying export batch ${batch} — upstream returned 503`;
      return {
        ...python(scene, 'exporter', { message: { body, ...metadata } }, metadata),
        level: 'warning',
      };
    },
  },
  {
    name: 'recommendation-key',
    weight: 8,
    platform: 'web',
    audience: 'everyone',
    environments: production,
    lives: { from: 0, releases: 4, every: 6 },
    payload: (scene) => {
      const trace = {
        exception: { class: 'KeyError', message: "'similar'" },
        frames: [
          frame('/app/venv/lib/python3.11/site-packages/flask/app.py', 1484, 'full_dispatch_request'),
          {
            ...frame('/app/reco/views.py', 58, 'for_basket', '    return scores["similar"]'),
            locals: { scores: '<dict of 0>', basket_id: snowflake(scene.random) },
          },
        ],
      };
      return { ...python(scene, 'reco', { trace }, {}), ...numericPerson(scene) };
    },
  },
  {
    name: 'upstream-timeout',
    weight: 4,
    platform: 'web',
    audience: 'nobody',
    environments: production,
    payload: (scene) => {
      const message = `HTTPConnectionPool(host='stock.internal', port=80): Read timed out. (read timeout=${scene.random.integer(3, 30)})`;
      const frames = [
        frame('/app/exports/stock.py', 31, 'levels', '    reply = session.get(url, timeout=limit)'),
      ];
      return python(
        scene,
        'exporter',
        { trace: { exception: { class: 'ReadTimeout', message }, frames } },
        {},
      );
    },
  },
];

function raised(name: string, message: string, frames: readonly Payload[]): Payload {
  return { exception: { class: name, message }, frames };
}

function rails(
  scene: Scene,
  context: string,
  method: string | null,
  trace_chain: readonly Payload[],
): Payload {
  const { random, ms, environment, release, shopper } = scene;
  const order = { sku: `K-${random.integer(1, 900)}`, qty: random.integer(1, 5) };
  const request = {
    url: `https://api.shop.example.invalid/${context.split('Controller')[0]?.toLowerCase()}`,
    method,
    user_ip: shopper?.ip ?? '198.51.100.0',
    headers: {
      Host: 'api.shop.example.invalid',
      'Content-Type': 'application/json',
      Authorization: `Bearer fake-${random.hex(24)}`,
      Cookie: `_shop_session=fake-${random.hex(16)}`,
    },
    GET: {},
    params: { controller: context.toLowerCase(), action: 'create' },
    POST: { order, card: { number: '4242 0000 0000 0000', holder: 'FAKE SHOPPER' } },
    body: JSON.stringify({ order }),
    session: {},
  };
  return {
    environment,
    level: 'error',
    timestamp: Math.floor(ms / 1000) - random.integer(0, 2),
    platform: 'linux',
    framework: 'Rails: 7.1.3',
    language: 'ruby',
    uuid: random.uuid(),
    context,
    code_version: release.revision,
    body: {
      trace_chain: trace_chain.map((trace, n) =>
        n === 0 ? { ...trace, extra: { order_id: snowflake(random) } } : trace,
      ),
    },
    ...(method === null ? {} : { request }),
    ...person(scene),
    server: {
      host: `web.${random.integer(1, 4)}`,
      root: '/app',
      branch: 'main',
      pid: random.integer(20, 900),
      sha: release.revision,
    },
    notifier: {
      name: 'rollbar-gem',
      version: '3.5.2',
      configured_options: { enabled: true, access_token: 'fake-configured-token' },
    },
    custom: oddities(random),
  };
}

function python(scene: Scene, worker: string, body: Payload, custom: Payload): Payload {
  const { random, ms, environment } = scene;
  return {
    environment,
    level: 'error',
    timestamp: ms / 1000 - 0.4,
    platform: 'linux',
    framework: 'flask',
    language: 'python 3.11.4',
    uuid: random.uuid(),
    body,
    server: {
      host: `${worker}-${random.hex(4)}`,
      argv: ['/app/worker.py', '--queue', worker],
      pid: 1,
      root: '/app',
      branch: 'main',
    },
    custom: { ...custom, ...oddities(random) },
    notifier: { name: 'pyrollbar', version: '1.1.1' },
  };
}

/** Some applications send the id of a person as a number, and some of these numbers are large. */
function numericPerson(scene: Scene): Payload {
  if (!scene.shopper || !scene.random.isChance(0.05)) return person(scene);
  return { person: { id: rawNumber(`90071992547${scene.shopper.id.slice(-5)}`), username: '', email: null } };
}
