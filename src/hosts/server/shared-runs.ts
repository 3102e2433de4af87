/** Stored responses and runs that instances share. */
import { withReadDeadline } from '../../routes/responses/read-deadline.ts'
import { Runs, type StoredResponses } from '../../routes/runs/runs.ts'
import { RedisConnection, type RedisConnectionOptions } from '../../state/redis/connection.ts'
import { guardedResponses } from '../../state/redis/guarded-responses.ts'
import type { Outages } from '../../state/redis/outages.ts'
import { redisResponseStore } from '../../state/redis/response-store.ts'
import { redisRunLog } from '../../state/redis/run-log.ts'

export interface SharedRuns {
  responses: StoredResponses
  /** Connects. Resolves after the first attempt, whatever its outcome. */
  start(): Promise<unknown>
  close(): void
}

/**
 * Each on a connection of its own: a response may have megabytes, and what waits behind it on the same connection
 * would miss its deadline. `isClosed`: whether new responses are refused while the store is away.
 */
export function openSharedRuns(
  connecting: RedisConnectionOptions,
  isClosed: boolean,
  outages: Outages,
): SharedRuns {
  const runsPort = new RedisConnection({ ...connecting, isUsedWhenFull: true })
  const responsesPort = new RedisConnection({
    ...connecting,
    isUsedWhenFull: true,
    onBack: () => void store.onBack(),
  })
  const store = guardedResponses(redisResponseStore(responsesPort), { isClosed })
  return {
    responses: {
      store: withReadDeadline(store),
      runs: new Runs(redisRunLog(runsPort, { outages })),
    },
    start: () => Promise.all([runsPort.start(), responsesPort.start()]),
    close() {
      store.close()
      runsPort.close()
      responsesPort.close()
    },
  }
}
