/** Environment variables that Bun reads only when it starts. */
const startEnvironment = {
  // By default Bun's fetch has at most 256 requests in progress.
  BUN_CONFIG_MAX_HTTP_REQUESTS: '65336',
  // Milliseconds for which freed memory is kept. By default it is returned to the system after each
  // packet, which takes an eighth of the throughput.
  MIMALLOC_PURGE_DELAY: '1000',
}

/**
 * Starts Bun again in the same process, now with these variables; returns where they are set, or where
 * the system cannot do that.
 *
 * @param argv what follows the path of Bun's own program
 */
export function startAgainWithEnvironment(argv: readonly string[]): void {
  const isSet = Object.keys(startEnvironment).every((name) => process.env[name] !== undefined)
  if (isSet || process.platform === 'win32') return
  const { execPath, execArgv } = process
  process.execve?.(execPath, [execPath, ...execArgv, ...argv], {
    ...startEnvironment,
    ...process.env,
  })
}
