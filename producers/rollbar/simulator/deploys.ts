/** Deploys: a row that changes under its id, from `started` to how it ended. */

export const endings = ['succeeded', 'failed', 'timed_out'] as const;
export type Ending = (typeof endings)[number];

export interface Deploy {
  readonly id: number;
  readonly project_id: number;
  readonly environment: string;
  readonly revision: string;
  readonly local_username: string | null;
  comment: string | null;
  status: 'started' | Ending;
  readonly user_id: number | null;
  readonly start_time: number;
  finish_time: number | null;
}

export type NewDeploy = Pick<Deploy, 'environment' | 'revision' | 'local_username' | 'comment' | 'user_id'>;

export interface Deploys {
  start(deploy: NewDeploy, seconds: number): Deploy;
  finish(deploy: Deploy, status: Ending, seconds: number): void;
  get(id: number): Deploy | undefined;
  /** Most recent first. */
  newestFirst(): Deploy[];
}

export function createDeploys(projectId: number): Deploys {
  const deploys = new Map<number, Deploy>();
  return {
    start(given, seconds) {
      const id = 20_115_000 + deploys.size * 13;
      const deploy: Deploy = {
        id,
        project_id: projectId,
        environment: given.environment,
        revision: given.revision,
        local_username: given.local_username,
        comment: given.comment,
        status: 'started',
        user_id: given.user_id,
        start_time: seconds,
        finish_time: null,
      };
      deploys.set(id, deploy);
      return deploy;
    },
    finish(deploy, status, seconds) {
      deploy.status = status;
      deploy.finish_time = seconds;
    },
    get: (id) => deploys.get(id),
    newestFirst: () => [...deploys.values()].sort((a, b) => b.start_time - a.start_time || b.id - a.id),
  };
}
