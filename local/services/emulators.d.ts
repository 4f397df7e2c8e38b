/** kinesalite and dynalite come without types; this is what is used of them. */

declare module 'kinesalite' {
  import type { Server } from 'node:http';

  /** @param options `path`: a LevelDB directory; times are how long a stream stays in a state, milliseconds. */
  export default function kinesalite(options: {
    readonly path: string;
    readonly createStreamMs: number;
    readonly deleteStreamMs: number;
    readonly updateStreamMs: number;
    readonly shardLimit: number;
  }): Server;
}

declare module 'dynalite' {
  import type { Server } from 'node:http';

  export default function dynalite(options: {
    readonly path: string;
    readonly createTableMs: number;
    readonly deleteTableMs: number;
    readonly updateTableMs: number;
  }): Server;
}
