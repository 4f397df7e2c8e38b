/** A loader that dies at every step, is doubled, or loses its transactions. */
import type { StackFault } from '../fault.ts';
import type { Stage } from '../stage.ts';
import { atCall, type Spot } from './call.ts';
import { skipBatch } from './delivery.ts';

const submit: Spot = { part: 'loader', service: 'redshift-data', action: 'BatchExecuteStatement' };
const describe: Spot = { part: 'loader', service: 'redshift-data', action: 'DescribeStatement' };

/** Not every step, where there is little time. */
const stride = ({ isThorough }: Stage): number => (isThorough ? 1 : 5);

/** The loader dies at every statement of every merge, and its transaction is broken off there. */
async function diesAtStatements(stage: Stage): Promise<number> {
  await stage.pollToTheEnd();
  await stage.land();
  let struck = 0;
  for (let wanted = 1; ; ) {
    let merges = 0;
    let statements = 0;
    const disarm = stage.hooks.arm({
      beforeStatement(sql) {
        if (sql.startsWith('lock')) merges += 1;
        if (merges > 0) statements += 1;
        // The first merge is broken off at the statement that is wanted; once it came through, the next one at its first.
        if (statements !== wanted && merges < 2) return;
        if (merges > 2) return;
        stage.kill('loader');
        throw new Error('terminating connection due to administrator command');
      },
    });
    await stage.load();
    disarm();
    if (merges === 0) return struck;
    if (merges < 2 && statements < wanted) return struck;
    struck += 1;
    wanted = merges === 2 ? 1 + stride(stage) : wanted + stride(stage);
  }
}

async function loaderDies(stage: Stage): Promise<number> {
  await stage.pollToTheEnd();
  await stage.land();
  return diesAfterCalls(stage, 'loader');
}

/** The function dies after every call that it makes, and the warehouse goes on with what it was told. */
async function diesAfterCalls(stage: Stage, part: 'loader' | 'reload'): Promise<number> {
  let struck = 0;
  for (let wanted = 1; ; wanted += stride(stage)) {
    let calls = 0;
    const disarm = stage.hooks.arm({
      afterCall() {
        calls += 1;
        if (calls === wanted) stage.kill(part);
      },
    });
    await stage.load(part);
    disarm();
    if (calls < wanted) return struck;
    struck += 1;
  }
}

/** A loader is taken for dead and another one started, while the transactions of the first are under way. */
async function doubled(stage: Stage): Promise<number> {
  await stage.pollToTheEnd();
  await stage.land();
  const seconds: Promise<unknown>[] = [];
  const disarm = stage.hooks.arm({
    afterCall({ service, action }) {
      if (service !== 'redshift-data' || action !== 'BatchExecuteStatement' || seconds.length === 3) return;
      stage.kill('loader');
      // The place of the dead one is free a moment later.
      seconds.push(new Promise((resolve) => setImmediate(() => resolve(stage.invokeLoader()))));
    },
  });
  await stage.load();
  for (let done = 0; done < seconds.length; done += 1) await seconds[done];
  disarm();
  return seconds.length;
}

/** Merges lose against a concurrent COPY, as on a serializable database. */
async function conflicts(stage: Stage): Promise<number> {
  await stage.pollToTheEnd();
  await stage.land();
  let struck = 0;
  stage.hooks.arm({
    beforeStatement(sql) {
      if (!sql.startsWith('merge') || struck === 1) return;
      struck += 1;
      throw Object.assign(new Error('could not serialize access'), { code: '40001' });
    },
  });
  await stage.load();
  return struck;
}

/** What Firehose gave up is loaded by a function that dies at every call it makes. */
async function reloadDies(stage: Stage): Promise<number> {
  await skipBatch(stage);
  return diesAfterCalls(stage, 'reload');
}

export const loaderFaults: readonly StackFault[] = [
  { name: 'loader killed at every statement', strike: diesAtStatements },
  { name: 'loader killed after every call', strike: loaderDies },
  { name: 'reload of given up batches killed after every call', strike: reloadDies },
  { name: 'two loaders', strike: doubled },
  {
    name: 'answer to a merge lost',
    strike: atCall({ spot: submit, when: 'after', act: 'no answer', times: 2 }),
  },
  {
    name: 'question about a merge lost',
    strike: atCall({ spot: describe, when: 'before', act: 'no answer', times: 2 }),
  },
  { name: 'merge in conflict with a COPY', strike: conflicts },
];
