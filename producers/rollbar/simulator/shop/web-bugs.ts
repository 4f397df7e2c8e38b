/** Bugs of the shop's pages, as rollbar-browser-js reports them: telemetry, minified frames, a browser. */

import type { Random } from '../../../../simulation/random.ts';
import type { Payload } from '../payload.ts';
import { type Bug, frame, oddities, person, type Scene, snowflake } from './bug.ts';

const SITE = 'https://shop.example.invalid';
const AGENTS = [
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:129.0) Gecko/20100101 Firefox/129.0',
  'Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/604.1',
];
const mostlyProduction = [
  ['production', 95],
  ['staging', 5],
] as const;

export const webBugs: readonly Bug[] = [
  {
    name: 'quote-total',
    weight: 22,
    platform: 'web',
    audience: 'everyone',
    environments: mostlyProduction,
    payload: (scene) =>
      page(scene, '/checkout', {
        trace: thrown(scene, 'TypeError', "Cannot read properties of undefined (reading 'total')", [
          frame('webpack:///src/checkout/page.tsx', 41, 'CheckoutPage', '  renderTotals(quote)'),
          frame('webpack:///src/checkout/summary.ts', 88, 'renderTotals', '  return fmt(quote.lines.total);'),
        ]),
      }),
  },
  {
    name: 'chunk-load',
    weight: 10,
    platform: 'web',
    audience: 'everyone',
    environments: mostlyProduction,
    lives: { from: 1, releases: 1, every: 3 },
    payload: (scene) => {
      const chunk = scene.random.integer(100, 999);
      const message = `Loading chunk ${chunk} failed. (error: ${SITE}/assets/${chunk}.js)`;
      return page(scene, '/products', {
        trace: thrown(scene, 'ChunkLoadError', message, [
          frame(
            `${SITE}/assets/runtime.${scene.release.revision.slice(0, 7)}.js`,
            1,
            '__webpack_require__.f.j',
          ),
        ]),
      });
    },
  },
  {
    name: 'resize-observer',
    weight: 25,
    platform: 'web',
    audience: 'regulars',
    environments: [['production', 1]],
    payload: (scene) => ({
      ...page(scene, '/', {
        message: { body: 'ResizeObserver loop completed with undelivered notifications.' },
      }),
      level: 'warning',
    }),
  },
  {
    name: 'coupon-message',
    weight: 8,
    platform: 'web',
    audience: 'everyone',
    environments: mostlyProduction,
    payload: (scene) => ({
      ...page(scene, '/cart', {
        message: {
          body: 'coupon not applied',
          coupon: scene.random.pick(['SPRING', 'TEN-OFF', 'ÜBER-10', '春']),
        },
      }),
      level: 'info',
    }),
  },
  {
    name: 'login-form',
    weight: 9,
    platform: 'web',
    audience: 'newcomers',
    environments: mostlyProduction,
    lives: { from: 2, releases: 1, every: 4 },
    payload: (scene) =>
      page(scene, '/login', {
        trace: thrown(scene, 'ReferenceError', 'captcha is not defined', [
          frame('webpack:///src/login/form.ts', 17, 'submit', '  await captcha.ready();'),
        ]),
      }),
  },
];

function thrown({ release }: Scene, name: string, message: string, frames: readonly Payload[]): Payload {
  const bundle = `${SITE}/assets/app.${release.revision.slice(0, 7)}.js`;
  return {
    exception: { class: name, message, description: 'uncaught' },
    frames: [
      {
        ...frame(`${SITE}/assets/vendor.4f1a.js`, 2, 'scheduleWork'),
        colno: 40211,
        context: { pre: [], post: [] },
      },
      { ...frame(bundle, 1, '?'), colno: 188203, code: null },
      ...frames,
    ],
  };
}

function page(scene: Scene, path: string, body: Payload): Payload {
  const { random, ms, environment, release, shopper } = scene;
  const seconds = Math.floor(ms / 1000) - random.integer(0, 4);
  const query = `step=${random.integer(1, 4)}`;
  const code_version = release.revision.slice(0, 7);
  return {
    environment,
    level: 'error',
    timestamp: seconds,
    platform: 'browser',
    framework: 'browser-js',
    language: 'javascript',
    uuid: random.uuid(),
    code_version,
    context: `${path.slice(1)}#show`,
    body: { telemetry: telemetry(random, ms, path), ...body },
    request: { url: `${SITE}${path}?${query}`, query_string: query, user_ip: shopper?.ip ?? '192.0.2.0' },
    client: {
      runtime_ms: random.integer(300, 90_000),
      timestamp: seconds,
      javascript: {
        browser: random.pick(AGENTS),
        language: shopper?.locale ?? 'en-US',
        cookie_enabled: true,
        screen: { width: 1728, height: 1117 },
        source_map_enabled: true,
        code_version,
        plugins: [],
      },
    },
    server: {},
    ...person(scene),
    custom: { feature_flags: ['new-totals'], cart_id: snowflake(random), ...oddities(random) },
    attributes: [
      { key: 'is_uncaught', value: 'true' },
      { key: 'session_id', value: random.hex(20) },
    ],
    notifier: {
      name: 'rollbar-browser-js',
      version: '2.26.4',
      configured_options: { captureUncaught: true },
    },
  };
}

function telemetry(random: Random, ms: number, path: string): readonly Payload[] {
  const event = (type: string, ago: number, body: Payload) => ({
    ...{ level: 'info', type, source: 'client', timestamp_ms: ms - ago, body },
  });
  const clicks = Array.from({ length: random.integer(0, 6) }, (_, n) =>
    event('dom', 14_000 - n * 1_500, { subtype: 'click', element: `button#buy-${random.integer(1, 99)}` }),
  );
  return [
    event('navigation', 15_000, { from: '/', to: path }),
    ...clicks,
    event('network', 2_000, {
      ...{
        subtype: 'xhr',
        method: 'GET',
        url: `${SITE}/api/quote`,
        status_code: random.pick([200, 200, 502]),
      },
      start_time_ms: ms - 3_000,
      end_time_ms: ms - 2_000,
    }),
  ];
}
