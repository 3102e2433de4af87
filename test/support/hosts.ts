// The names of the hosts, and what tests can observe on each of them.

/** The hosts that run as a process, and receive requests over a socket. */
export type ProcessHost = 'bun' | 'deno' | 'node' | 'workerd'

/** `in-process`: a handler in the process of the tests, called as a function. */
export type HostName = ProcessHost | 'in-process'

/** What a test may need besides a handler that answers requests. */
export const CAPABILITIES = {
  sockets: 'a connection whose bytes, port and end the test can see',
  process: 'a process: its flags, files, output, signals, exit code and memory',
  hangups: 'a client that leaves is noticed before anything is written to it',
  waking: 'one request may be woken by another',
  draining: 'a running stream is told of a shutdown',
  files: 'an engine that plays recordings from files',
  programs: 'servers that sluice starts itself',
  reloading: 'the same handler answers before and after its settings change',
  'stale-connections': 'a kept connection that a server has given up is told from other failures',
  'odd-headers': 'an upstream is read whose headers hold what HTTP does not allow',
} as const

export type Capability = keyof typeof CAPABILITIES

const everything = Object.keys(CAPABILITIES) as Capability[]

const capabilities: Record<HostName, Capability[]> = {
  bun: everything,
  deno: everything,
  node: everything,
  workerd: ['sockets', 'process', 'odd-headers'],
  'in-process': ['hangups', 'waking', 'draining'],
}

/** Whether the host provides this. */
export function can(host: HostName, capability: Capability): boolean {
  return capabilities[host].includes(capability)
}

/**
 * The options of a test or a block of them that needs these. Where the host lacks one, the test is
 * counted as skipped, and its tags say what it lacked.
 * @example it('says so', needs(host, 'process'), () => …)
 */
export function needs(host: HostName, ...needed: Capability[]): { skip: boolean; tags: string[] } {
  const lacking = needed.filter((capability) => !can(host, capability))
  return { skip: lacking.length > 0, tags: lacking.map(tagOf) }
}

/** The tag of a test that was skipped because the host does not provide this. */
export function tagOf(capability: Capability): string {
  return `lacks-${capability}`
}

/** What a test is told that uses what its host lacks, and did not say that it would. */
export function lacking(capability: Capability): Error {
  return new Error(`This host has none: declare the test with needs(host, '${capability}').`)
}
