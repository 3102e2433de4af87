import type { RedisScript } from './port.ts'

const digests = new WeakMap<RedisScript, string>()

/** The digest by which a server knows a script: SHA-1 in hexadecimal. A promise the first time. */
export function scriptDigest(script: RedisScript): string | Promise<string> {
  return digests.get(script) ?? digestOf(script)
}

async function digestOf(script: RedisScript): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(script.text))
  const digest = [...new Uint8Array(bytes)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
  digests.set(script, digest)
  return digest
}
