/** Operating systems, and the one that this browser runs on. */

export const SYSTEMS = [
  ['macos', 'macOS'],
  ['linux', 'Linux'],
  ['windows', 'Windows'],
] as const

export type System = (typeof SYSTEMS)[number][0]

/** The system of a browser by its `User-Agent`; Linux where it runs on none of them, as on a phone. */
export function systemOf(userAgent: string): System {
  if (/windows/i.test(userAgent)) return 'windows'
  return /macintosh|mac os x/i.test(userAgent) && !/iphone|ipad|mobile/i.test(userAgent)
    ? 'macos'
    : 'linux'
}
