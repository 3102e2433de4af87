/** Environment variables that Bun reads only when it starts. */
const startEnvironment = {
  // By default Bun's fetch has at most 256 requests in progress.
  BUN_CONFIG_MAX_HTTP_REQUESTS: '65336',
  // Milliseconds for which freed memory is kept. By default it is returned to the system after each
  // packet, which takes an eighth of the throughput.
  MIMALLOC_PURGE_DELAY: '1000',
}

/**
 * After how many calls JavaScriptCore compiles a function, and compiles it again with optimizations. By
 * default that is after 500 and 1,000: a request runs hundreds of functions once each, so that the first
 * thousand requests were interpreted in part. With these, requests 150 to 400 take half the time, and a
 * thousand requests a seventh less processor time with the compiler's own included.
 */
const compileSooner = {
  BUN_JSC_thresholdForJITAfterWarmUp: '50',
  BUN_JSC_thresholdForJITSoon: '20',
  BUN_JSC_thresholdForOptimizeAfterWarmUp: '200',
  BUN_JSC_thresholdForOptimizeSoon: '200',
  // Ten times the default, for the last and most expensive of the compilers. By default it worked on what
  // runs once in each request for the first twenty thousand of them, with nearly as much processor time as
  // their answers take, and on the same core where there is one. What runs for each chunk still gets there.
  BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: '1000000',
  BUN_JSC_thresholdForFTLOptimizeSoon: '10000',
}

/** The variables for a version of Bun, which does not start with an option of JavaScriptCore that it does not know. */
export function startEnvironmentOf(version: string): Record<string, string> {
  return { ...startEnvironment, ...(/^1\.4\./.test(version) && compileSooner) }
}

/**
 * Starts Bun again in the same process, now with these variables; returns where they are set, or where
 * the system cannot do that.
 *
 * @param argv what follows the path of Bun's own program
 */
export function startAgainWithEnvironment(argv: readonly string[]): void {
  const wanted = startEnvironmentOf(process.versions.bun ?? '')
  const isSet = Object.keys(wanted).every((name) => process.env[name] !== undefined)
  if (isSet || process.platform === 'win32') return
  const { execPath, execArgv } = process
  process.execve?.(execPath, [execPath, ...execArgv, ...argv], { ...wanted, ...process.env })
}
