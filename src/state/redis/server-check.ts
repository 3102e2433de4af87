/** Looks at a server before it is used: an old one lacks what the scripts need, and one that evicts loses limits. */
import type { RedisClient } from './client.ts'

/** Redis 7.0 has flags of scripts. Valkey began with 7.2, and says so under the name of Redis. */
const LEAST_MAJOR = 7

/** The server answers, but can't be used as it is set up. */
export class UnusableServerError extends Error {
  override name = 'UnusableServerError'
}

/**
 * Rejects with an `UnusableServerError` for a server that is too old or evicts keys. Returns a warning where
 * that can't be told, as the user may not ask.
 */
export async function checkServer(client: RedisClient): Promise<string | undefined> {
  const reply = await client.send(['INFO'], undefined).catch((error: Error) => error)
  if (reply instanceof Error) {
    // Whoever may not ask this may still use scripts; any other error is one of the connection.
    if (!reply.message.startsWith('NOPERM')) throw reply
    return 'state: this user may not use INFO, so that it is not known whether the server evicts keys (maxmemory-policy), which would lose limits; allow it with: ACL SETUSER NAME +info'
  }
  const info = fieldsOf(String(reply))
  const version = info.get('redis_version') ?? ''
  if (Number.parseInt(version, 10) < LEAST_MAJOR) {
    throw new UnusableServerError(
      `state: expected Redis 7.0 or newer, or Valkey, got ${version}; update the server.`,
    )
  }
  const policy = info.get('maxmemory_policy')
  if (policy === undefined) {
    return 'state: the server does not tell its maxmemory-policy; make sure that it is noeviction, since others lose limits and streams.'
  }
  if (policy !== 'noeviction') {
    throw new UnusableServerError(
      `state: expected a server with maxmemory-policy noeviction, got ${policy}, which loses limits and streams when memory is short; set it with CONFIG SET maxmemory-policy noeviction and in redis.conf, or use another server.`,
    )
  }
  return undefined
}

function fieldsOf(info: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of info.split('\r\n')) {
    const at = line.indexOf(':')
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1))
  }
  return fields
}

/** Whether a server refused the login: waiting does not help against that. */
export function isLoginError({ message }: Error): boolean {
  return /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)\b/.test(message)
}
