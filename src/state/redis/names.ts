/**
 * Names of what is stored in Redis. Those of keys and callers are hashed: who can list the keys of a server
 * learns nobody's name. The braces are a hash tag, so that what one script uses is in one part of a cluster.
 */

/** Of all keys and channels; the number changes with the format, so that two versions can run side by side. */
const PREFIX = 'sluice:1:'

/** The number of hashes that are kept; programs may identify any number of callers. */
const MOST_KEPT = 10_000

const hashes = new Map<string, string>()

/**
 * A name for what belongs to an owner: `redisName('l', await hashedName('ann'), 'in')` is
 * `sluice:1:l:{…}:in`.
 */
export function redisName(kind: string, tag: string, part?: string): string {
  return part === undefined ? `${PREFIX}${kind}:{${tag}}` : `${PREFIX}${kind}:{${tag}}:${part}`
}

/** 128 bits of SHA-256, in base64url: nobody can choose a name that has the hash of another one. */
export async function hashedName(...parts: readonly string[]): Promise<string> {
  const text = parts.length === 1 ? (parts[0] as string) : JSON.stringify(parts)
  const known = hashes.get(text)
  if (known !== undefined) return known
  const bytes = new TextEncoder().encode(text)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes), 0, 16)
  const hash = btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
  if (hashes.size >= MOST_KEPT) hashes.clear()
  hashes.set(text, hash)
  return hash
}
