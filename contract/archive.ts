/** Where in the archive bucket what is kept; infra/archive.ts tells what each is for. */
export const PREFIX = {
  landing: 'landing/',
  skipped: 'errors/',
  reloaded: 'reloaded/',
  quarantine: 'quarantine/',
  quarantineFailed: 'quarantine-failed/',
  /** Lambda begins these keys itself. */
  givenUp: 'aws/lambda/',
  redriven: 'redriven/',
} as const;
