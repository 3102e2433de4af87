/** Stored responses in Redis, which all instances read. */
import { parseJson } from '../../util/parse-json.ts'
import { inSlices, takeTurns, turn } from '../../util/slices.ts'
import type { ResponseItem } from '../../wire/responses/request.ts'
import type { ResponseStore, StoredResponse } from '../response-store.ts'
import { hashedName, redisName } from './names.ts'
import type { RedisPort, RedisReply, RedisScript } from './port.ts'
import { deleteResponseScript, getScript, itemScript, putScript } from './response-scripts.ts'
import { decodeResponse, encodeInSteps } from './response-text.ts'

export interface RedisResponseLimits {
  /** The most responses of one owner. */
  count: number
  /** The most UTF-8 bytes of one owner; a response that is larger is not stored. */
  bytes: number
  /** Milliseconds after their last use for which they are stored. */
  ageMs: number
}

/** What the store in memory has in all, for each owner: none can take another one's room. */
const LIMITS: RedisResponseLimits = {
  count: 4_096,
  bytes: 32 * 1024 * 1024,
  ageMs: 24 * 60 * 60_000,
}

/** Milliseconds that reading or writing may take: a response may have megabytes. */
const DEADLINE = 2_000
/** Milliseconds that a response is written for in one turn of the event loop. */
const SLICE_MS = 2
/** Bytes that are sent in a millisecond, at least: 32 Mbit/s. */
const SLOWEST = 4_096

/**
 * Stored responses in Redis. Where an owner has as much as it may, its least recently used one is evicted. A call
 * that the server does not answer in time rejects with a `StateAwayError`.
 *
 * @example
 * const store = redisResponseStore(connection)
 * await store.put('alice', { response, input })
 */
export function redisResponseStore(
  port: Pick<RedisPort, 'eval'>,
  { count, bytes: mostBytes, ageMs }: RedisResponseLimits = LIMITS,
): ResponseStore {
  async function call(
    script: RedisScript,
    owner: string,
    id: string,
    args: readonly (string | number)[] = [],
    deadlineMs = DEADLINE,
  ): Promise<RedisReply> {
    const tag = await hashedName(owner)
    const [values, ...rest] = ['v', 'u', 'i', 'm'].map((part) => redisName('r', tag, part))
    return port.eval(script, [values as string, ...rest], [ageMs, id, ...args], { deadlineMs })
  }

  async function write(owner: string, stored: StoredResponse, isUpdate: boolean): Promise<void> {
    const steps = encodeInSteps(stored)
    const encoded = await inSlices(steps, () => takeTurns(turn), SLICE_MS)
    const { text, bytes, ids, places } = encoded
    // What has no room is not sent; what it would replace is removed.
    if (bytes > mostBytes) return void (await call(deleteResponseScript, owner, stored.response.id))
    const given = [
      isUpdate ? 1 : 0,
      count,
      mostBytes,
      text,
      JSON.stringify(ids),
      JSON.stringify(places),
    ]
    await call(putScript, owner, stored.response.id, given, DEADLINE + bytes / SLOWEST)
  }

  return {
    put: (owner, stored) => write(owner, stored, false),
    update: (owner, stored) => write(owner, stored, true),
    async get(owner, id) {
      const text = await call(getScript, owner, id)
      return text === null ? undefined : decodeResponse(text as string)
    },
    async delete(owner, id) {
      return (await call(deleteResponseScript, owner, id)) === 1
    },
    async item(owner, id) {
      const text = await call(itemScript, owner, id)
      return text === null ? undefined : (parseJson(text as string) as ResponseItem)
    },
  }
}
