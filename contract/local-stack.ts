/**
 * What a running `npm start` leaves in its state directory, so that the programs of `operate/` find its stack.
 *
 * The two never import one another: those programs work in an account as they work here, and this file is all they know of
 * a stack that runs on one machine.
 */

/** Name of the stack that infra/app.ts makes. */
export const DEFAULT_STACK = 'Heimdallr';

/** The file's name in the state directory. */
export const LOCAL_STACK_FILE = 'running.json';

export interface LocalStack {
  /** The one address of all services: AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  readonly region: string;
  /** Name of the stack, as CloudFormation knows it. */
  readonly stack: string;
  /** The process; the file of one that is gone was left behind. */
  readonly pid: number;
}

/** Reads the file's text; null when it is none that `npm start` wrote. */
export function readLocalStack(text: string): LocalStack | null {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return null;
  const { endpoint, region, stack, pid } = value as Readonly<Record<string, unknown>>;
  return typeof endpoint === 'string' &&
    URL.canParse(endpoint) &&
    typeof region === 'string' &&
    typeof stack === 'string' &&
    Number.isInteger(pid)
    ? { endpoint, region, stack, pid: Number(pid) }
    : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
