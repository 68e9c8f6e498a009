/** Runs `work` while no other process runs under the same lock file. */
export function withLock<R>(path: string, waiting: string, work: () => Promise<R>): Promise<R>;
