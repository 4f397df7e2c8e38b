/** What functions and their logs are charged for. The metrics of a function are lines of its log, and are counted there. */
import { type Charge, charge, type Metering } from './meters.ts';
import { at, numberAt, type Resource, target } from './template.ts';
import { isProducer, serviceOf } from './traffic.ts';
import { assumptions as assumed, GB } from './workload.ts';

export function meteredLambda(fn: Resource, { traffic }: Metering): readonly Charge[] {
  const starts = traffic.starts.get(fn.id) ?? 0;
  const gbSeconds = (starts * usual(fn).seconds * numberAt(fn, 'MemorySize')) / 1024;
  const architectures = at(fn.properties, 'Architectures');
  const isArm = Array.isArray(architectures) && architectures.includes('arm64');
  return [
    charge('lambdaRequests', starts / 1e6),
    charge(isArm ? 'lambdaGbSecond' : 'lambdaGbSecondX86', gbSeconds),
  ];
}

export function meteredLogs({ id }: Resource, { resources, traffic }: Metering): readonly Charge[] {
  const isFlowLog = resources.some(
    ({ type, properties }) => type === 'AWS::EC2::FlowLog' && target(at(properties, 'LogGroupName')) === id,
  );
  const fn = resources.find(({ properties }) => target(at(properties, 'LoggingConfig', 'LogGroup')) === id);
  if (fn === undefined) return isFlowLog ? logged(traffic.polls * assumed.flowLogBytes.value) : [];
  const starts = traffic.starts.get(fn.id) ?? 0;
  const { logBytes, metrics } = usual(fn);
  const feeds = traffic.feeds.get(fn.id) ?? 0;
  return [
    ...logged(starts * logBytes),
    charge('metric', starts === 0 ? 0 : metrics * (isProducer(fn) ? feeds : 1)),
  ];
}

const logged = (bytes: number): readonly Charge[] => [
  charge('logsGb', bytes / GB),
  charge('logsKept', bytes / GB),
];

interface Usual {
  readonly seconds: number;
  readonly logBytes: number;
  /** For a producer: of each feed. */
  readonly metrics: number;
}

/** What a run of a function takes. */
function usual(fn: Resource): Usual {
  if (isProducer(fn))
    return {
      seconds: assumed.producerSeconds.value,
      logBytes: assumed.producerLogBytes.value,
      metrics: assumed.metricsPerFeed.value,
    };
  const others = { logBytes: assumed.otherLogBytes.value, metrics: assumed.metricsOfOthers.value };
  switch (serviceOf(fn)) {
    case 'transform':
      return {
        seconds: assumed.transformSeconds.value,
        logBytes: assumed.transformLogBytes.value,
        metrics: assumed.metricsOfTransform.value,
      };
    case 'loader':
      return { ...others, seconds: assumed.loaderSeconds.value, metrics: assumed.metricsOfLoader.value };
    case 'ranking':
      return { ...others, seconds: assumed.rankingSeconds.value };
    case 'reload':
      return { ...others, seconds: assumed.reloadSeconds.value };
    default:
      return { ...others, seconds: assumed.otherSeconds.value };
  }
}
