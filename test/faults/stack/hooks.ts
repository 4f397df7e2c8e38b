/**
 * Faults that are switched on and off while a stack runs.
 *
 * The services get their hooks once, when they start; what stands behind the hooks changes with every fault.
 */
import type { Faults, OnCall } from '../../../local/services/index.ts';

export class Hooks {
  readonly #armed = new Set<Faults>();
  /** What the services are given. */
  readonly faults: Required<Faults>;

  /** @param watch sees every call before any fault. */
  constructor(watch: OnCall, refuseRecord: Required<Faults>['refuseRecord']) {
    const each = async (act: (faults: Faults) => void | Promise<void> | undefined): Promise<void> => {
      for (const faults of this.#armed) await act(faults);
    };
    this.faults = {
      async beforeCall(call) {
        await watch(call);
        await each((faults) => faults.beforeCall?.(call));
      },
      afterCall: (call) => each((faults) => faults.afterCall?.(call)),
      beforeStatement: (sql) => each((faults) => faults.beforeStatement?.(sql)),
      beforeWrite: (bucket, key) => each((faults) => faults.beforeWrite?.(bucket, key)),
      beforeCopy: (stream, url) => each((faults) => faults.beforeCopy?.(stream, url)),
      afterCopy: (stream, url) => each((faults) => faults.afterCopy?.(stream, url)),
      refuseRecord: (service, stream, index) =>
        refuseRecord(service, stream, index) ||
        [...this.#armed].some((faults) => faults.refuseRecord?.(service, stream, index) ?? false),
    };
  }

  /** Switches faults on; the answer switches them off. */
  arm(faults: Faults): () => void {
    this.#armed.add(faults);
    return () => void this.#armed.delete(faults);
  }

  disarm(): void {
    this.#armed.clear();
  }
}
