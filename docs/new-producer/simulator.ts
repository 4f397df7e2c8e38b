/**
 * The vendor, played honestly: a project in which something happens every few minutes.
 *
 *   node producers/newcomer/simulator.ts [--port N] [--host 127.0.0.1] [--since-hours 24] [--seed 1]
 *     [--live PER_MINUTE] [--start-at TIME] [--token TOKEN] [--with-parent]
 *
 * Once it listens, the first line on stdout is {"listening":"http://127.0.0.1:PORT"}.
 */
import { plainJson } from '../../simulation/answer.ts';
import { type CommonOptions, parseCommandLine, runAsProgram } from '../../simulation/command-line.ts';
import { createFaults, onTheWay } from '../../simulation/faults.ts';
import { randomFor } from '../../simulation/random.ts';
import { createVendorServer, listen } from '../../simulation/server.ts';

export interface SimulatorOptions extends Partial<CommonOptions> {
  /** Milliseconds since 1970; the time of this machine unless a test has its own. */
  readonly now?: () => number;
}

const MINUTE = 60_000;
const EVERY_MS = 7 * MINUTE;

export async function startSimulator(options: SimulatorOptions = {}) {
  const { host = '127.0.0.1', port = 0, now = Date.now, seed = 1, sinceHours = 24, token } = options;
  const start = options.startAt ?? now();
  const end = () => ((options.livePerMinute ?? 0) > 0 ? now() : Math.min(now(), start));
  const faults = createFaults({
    ...onTheWay,
    rate_limited: { answer: ({ seconds }) => refusal(429, { 'Retry-After': String(seconds) }) },
    server_error: { answer: () => refusal(500) },
    revoked: { answer: () => refusal(401) },
  });

  /** The events that exist, the newest first. */
  function events() {
    const first = start - sinceHours * 60 * MINUTE;
    const count = Math.max(0, Math.floor((end() - first) / EVERY_MS));
    return Array.from({ length: count }, (_, nth) => {
      const random = randomFor(seed, 'event', nth);
      const created = first + nth * EVERY_MS;
      const finished = created + random.integer(1, 40) * MINUTE;
      const isOpen = finished > now();
      return {
        id: String(1000 + nth),
        state: isOpen ? 'open' : random.pick(['done', 'failed']),
        title: `something happened for the ${nth}th time`,
        created_by: random.pick(['mvoss', 'aokafor', null]),
        created_at: new Date(created).toISOString(),
        finished_at: isOpen ? null : new Date(finished).toISOString(),
      };
    }).reverse();
  }

  const server = createVendorServer({
    ...{ faults, now, truth: events },
    call: ({ url, headers }) => ({
      ...{ token: headers.authorization ?? '', isOverLimit: false, headers: {} },
      answer: () => {
        if (token !== undefined && headers.authorization !== `Bearer ${token}`) return refusal(401);
        if (!/^\/projects\/[^/]+\/events$/.test(url.pathname)) return refusal(404);
        const asked = (name: string): string => url.searchParams.get(name) ?? '';
        const wanted = events().filter(
          ({ created_at }) => created_at >= asked('created_from') && created_at <= asked('created_to'),
        );
        const size = Number(asked('per_page'));
        const page = Number(asked('page'));
        return plainJson(wanted.slice(size * (page - 1), size * page));
      },
    }),
  });
  return { ...(await listen(server, host, port)), truth: events, setFaults: faults.set };
}

function refusal(status: number, headers: Readonly<Record<string, string>> = {}) {
  const answer = plainJson({ message: `refused with ${status}` }, status);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

if (import.meta.main) {
  await runAsProgram('newcomer', async () => {
    const { options, isWithParent } = parseCommandLine(process.argv.slice(2));
    return { started: await startSimulator(options), isWithParent };
  });
}
