/**
 * Rate limits as Rollbar counts them: per token, in a window that starts with the first call, not on the clock.
 * Every answer says how much is left; `Retry-After` is not among what it says.
 */

export interface RateLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

export interface Standing {
  readonly isOver: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** Counts a call of the token at that time. */
export function createRateLimiter({
  limit,
  windowSeconds,
}: RateLimit): (token: string, ms: number) => Standing {
  const windows = new Map<string, { endsAt: number; calls: number }>();
  return (token, ms) => {
    let window = windows.get(token);
    if (!window || ms >= window.endsAt) {
      window = { endsAt: ms + windowSeconds * 1000, calls: 0 };
      windows.set(token, window);
    }
    window.calls += 1;
    const remaining = Math.max(0, limit - window.calls);
    return { isOver: window.calls > limit, headers: limitHeaders(limit, remaining, window.endsAt - ms, ms) };
  };
}

export function limitHeaders(
  limit: number,
  remaining: number,
  leftMs: number,
  ms: number,
): Record<string, string> {
  const seconds = Math.ceil(leftMs / 1000);
  return {
    'X-Rate-Limit-Limit': String(limit),
    'X-Rate-Limit-Remaining': String(remaining),
    'X-Rate-Limit-Remaining-Seconds': String(seconds),
    'X-Rate-Limit-Reset': String(Math.floor(ms / 1000) + seconds),
  };
}
