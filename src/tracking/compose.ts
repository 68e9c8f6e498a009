import type { Tracker } from './tracker.ts';

/** One tracker that records in all of the given ones. */
export function composeTrackers(trackers: readonly Tracker[]): Tracker {
  return {
    logParameters: (parameters) => trackers.forEach((tracker) => tracker.logParameters(parameters)),
    logMetrics: (metrics, step) => trackers.forEach((tracker) => tracker.logMetrics(metrics, step)),
    setTags: (tags) => trackers.forEach((tracker) => tracker.setTags(tags)),
    logArtifact: (path, folder) => trackers.forEach((tracker) => tracker.logArtifact(path, folder)),
    finish: async (status) => {
      await Promise.all(trackers.map((tracker) => tracker.finish(status)));
    },
  };
}
