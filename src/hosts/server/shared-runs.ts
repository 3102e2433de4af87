/** Stored responses and runs that instances share. */
import { withReadDeadline } from '../../routes/responses/read-deadline.ts'
import { Runs, type StoredResponses } from '../../routes/runs/runs.ts'
import { RedisConnection, type RedisConnectionOptions } from '../../state/redis/connection.ts'
import { guardedResponses } from '../../state/redis/guarded-responses.ts'
import { redisResponseStore } from '../../state/redis/response-store.ts'
import { redisRunLog } from '../../state/redis/run-log.ts'

export interface SharedRuns {
  responses: StoredResponses
  close(): void
}

/**
 * Each on a connection of its own: a response may have megabytes, and what waits behind it on the same connection
 * would miss its deadline. `isClosed`: whether new responses are refused while the store is away.
 */
export async function openSharedRuns(
  connecting: RedisConnectionOptions,
  isClosed: boolean,
): Promise<SharedRuns> {
  const runsPort = new RedisConnection(connecting)
  const responsesPort = new RedisConnection({
    ...connecting,
    onChange(isAway) {
      if (!isAway) void store.onBack()
    },
  })
  const store = guardedResponses(redisResponseStore(responsesPort), { isClosed })
  await Promise.all([runsPort.start(), responsesPort.start()])
  return {
    responses: { store: withReadDeadline(store), runs: new Runs(redisRunLog(runsPort)) },
    close() {
      store.close()
      runsPort.close()
      responsesPort.close()
    },
  }
}
