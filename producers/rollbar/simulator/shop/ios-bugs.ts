/** Bugs of the shop's app: crash reports that arrive with the clock of the phone, hours off. */
import type { Payload } from '../payload.ts';
import { type Bug, frame, person, type Scene } from './bug.ts';

const appStore = [['app-store', 1]] as const;

export const iosBugs: readonly Bug[] = [
  {
    name: 'garbage-pointer',
    weight: 5,
    platform: 'ios',
    audience: 'everyone',
    environments: appStore,
    payload: (scene) => {
      const address = scene.random.hex(4);
      return {
        ...phone(scene, { crash_report: { raw: crashReport(scene) } }),
        title: `SIGSEGV: Attempted to dereference garbage pointer at 0x${address}`,
      };
    },
  },
  {
    name: 'nil-basket',
    weight: 3,
    platform: 'ios',
    audience: 'few',
    environments: appStore,
    lives: { from: 0, releases: 1, every: 3 },
    payload: (scene) =>
      phone(scene, {
        trace: {
          exception: {
            class: 'NSInvalidArgumentException',
            message: '*** attempt to insert nil object from objects[0]',
          },
          frames: [
            frame('UIKitCore', 0, '-[UIApplication sendAction:to:from:forEvent:]'),
            frame('BasketViewController.m', 204, '-[BasketViewController reload]'),
          ],
        },
      }),
  },
];

function phone(scene: Scene, body: Payload): Payload {
  const { random, ms, happenedMs, environment, release, shopper } = scene;
  const code_version = `5.${10 + Math.floor(release.index / 4)}.0`;
  // A crash is sent at the next launch, and the phone's clock may be anything.
  const ago = random.integer(5, 9 * 3600);
  const timestamp = happenedMs === undefined ? Math.floor(ms / 1000) - ago : Math.floor(happenedMs / 1000);
  return {
    environment,
    level: 'error',
    timestamp,
    platform: 'ios',
    framework: 'ios',
    language: 'objective-c',
    code_version,
    uuid: random.uuid().toUpperCase(),
    body,
    client: {
      timestamp,
      ios: {
        ...{ app_name: 'ExampleShop', bundle_identifier: 'invalid.example.shop', code_version: '5142' },
        ...{ short_version: code_version, device_code: 'iPhone15,3', os: '17.5.1', os_version: '17.5.1' },
      },
      user_ip: shopper?.ip ?? '203.0.113.0',
    },
    ...(shopper ? person(scene) : { person: { id: `anon-${random.hex(4)}` } }),
    notifier: { name: 'rollbar-apple', version: '3.3.3' },
  };
}

function crashReport({ random, release }: Scene): string {
  const thread = Array.from({ length: 30 }, (_, n) => {
    const binary = n === 0 ? 'ExampleShop' : random.pick(['UIKitCore', 'Foundation', 'ExampleShop']);
    return `${String(n).padEnd(4)}${binary.padEnd(14)}0x00000001${random.hex(8)} 0x104bf4000 + ${random.integer(1000, 900000)}`;
  });
  return [
    `Incident Identifier: ${random.uuid().toUpperCase()}`,
    'Hardware Model:      iPhone15,3',
    `Process:             ExampleShop [${random.integer(100, 999)}]`,
    `Version:             5.${10 + Math.floor(release.index / 4)}.0 (5142)`,
    'Exception Type:      SIGSEGV',
    'Exception Codes:     SEGV_ACCERR at 0x10',
    'Crashed Thread:      0',
    '',
    'Thread 0 Crashed:',
    ...thread,
    '',
  ].join('\n');
}
