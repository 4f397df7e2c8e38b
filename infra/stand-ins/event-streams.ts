/** Stands in for `@smithy/core/event-streams`: answers without end, which only subscribers of a Kinesis shard get. */
export const eventStreamSerdeProvider = () => ({});
export const resolveEventStreamSerdeConfig = <Config>(config: Config): Config => config;
