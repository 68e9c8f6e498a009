/** The per-user cache: `$PHALANX_CACHE`, else `$XDG_CACHE_HOME/phalanx`, else `~/.cache/phalanx`. */
export function cacheFolder(environment?: NodeJS.ProcessEnv): string;
