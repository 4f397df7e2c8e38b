/**
 * One Heroku app and its history: what was built and released, and what each of that looks like at a given time.
 *
 * Nothing is changed as time passes: a row says when it was created, when it settled and how, and is written for
 * the moment in which somebody asks. So a test can look at any time, in any order.
 */

export interface User {
  readonly id: string;
  readonly email: string;
}

export interface Slug {
  readonly id: string;
  readonly commit: string | null;
  readonly description: string | null;
  readonly createdMs: number;
}

export interface Build {
  readonly id: string;
  readonly createdMs: number;
  readonly settledMs: number;
  readonly ending: 'succeeded' | 'failed';
  readonly user: User;
  readonly commit: string | null;
  readonly message: string | null;
  /** Null for one that failed. */
  readonly slugId: string | null;
  readonly releaseId: string | null;
}

export interface Release {
  readonly id: string;
  readonly version: number;
  readonly createdMs: number;
  readonly settledMs: number;
  readonly ending: 'succeeded' | 'failed';
  readonly description: string;
  readonly user: User;
  readonly slugId: string | null;
  readonly hasReleasePhase: boolean;
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly slugs: Map<string, Slug>;
  readonly builds: Build[];
  readonly releases: Release[];
}

/** A row as Heroku writes it, with the values by which its list can be ranged. */
export interface Row {
  readonly body: Readonly<Record<string, unknown>>;
  readonly ranges: Readonly<Record<string, string | number>>;
}

const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** The releases that exist at that time. */
export function releasesAt(app: App, ms: number): readonly Row[] {
  const there = app.releases.filter(({ createdMs }) => createdMs <= ms);
  const isLive = ({ ending, settledMs }: Release): boolean => ending === 'succeeded' && settledMs <= ms;
  const current = Math.max(0, ...there.filter(isLive).map(({ version }) => version));
  return there.map((release) => {
    const { id, version, createdMs, settledMs, ending, slugId } = release;
    const isSettled = settledMs <= ms;
    return {
      ranges: { id, version },
      body: {
        addon_plan_names: ['heroku-postgresql:standard-0'],
        artifacts: slugId === null ? [] : [{ type: 'slug', id: slugId }],
        app: { id: app.id, name: app.name },
        created_at: iso(createdMs),
        description: release.description,
        id,
        updated_at: iso(isSettled ? settledMs : createdMs),
        oci_image: null,
        slug: slugId === null ? null : { id: slugId },
        status: isSettled ? ending : 'pending',
        user: release.user,
        version,
        current: version === current,
        output_stream_url: release.hasReleasePhase
          ? `https://release-output.heroku.com/streams/${id}?token=a-capability-of-the-log`
          : null,
        eligible_for_rollback: isLive(release) && slugId !== null,
      },
    };
  });
}

/** The builds that exist at that time. */
export function buildsAt(app: App, ms: number): readonly Row[] {
  return app.builds
    .filter(({ createdMs }) => createdMs <= ms)
    .map((build) => {
      const { id, createdMs, settledMs, ending, commit, message, slugId, releaseId, user } = build;
      const isSettled = settledMs <= ms;
      const made = (madeId: string | null) => (isSettled && madeId !== null ? { id: madeId } : null);
      return {
        ranges: { id, started_at: new Date(createdMs).toISOString() },
        body: {
          app: { id: app.id },
          buildpacks: [{ url: 'https://example.com/buildpacks/nodejs.tgz', name: 'heroku/nodejs' }],
          created_at: iso(createdMs),
          id,
          output_stream_url: `https://build-output.heroku.com/streams/${id}?token=a-capability-of-the-log`,
          source_blob: {
            checksum: null,
            url: `https://sources.example.com/${id}.tgz?signature=a-capability-of-the-source`,
            version: commit,
            version_description: message,
          },
          release: made(releaseId),
          slug: made(slugId),
          stack: 'heroku-24',
          status: isSettled ? ending : 'pending',
          updated_at: iso(isSettled ? settledMs : createdMs),
          user,
        },
      };
    });
}

export function slugBody({ id, commit, description, createdMs }: Slug): Readonly<Record<string, unknown>> {
  return {
    blob: { method: 'get', url: `https://slugs.example.com/${id}?signature=a-capability-of-the-code` },
    buildpack_provided_description: 'Node.js',
    checksum: null,
    commit,
    commit_description: description,
    created_at: iso(createdMs),
    deleted_at: null,
    id,
    process_types: { web: 'node server.js', release: 'node migrate.js' },
    size: 48_123_456,
    stack: { id: 'e6d5c492-1111-4111-9111-000000000032', name: 'heroku-24' },
    updated_at: iso(createdMs),
  };
}
