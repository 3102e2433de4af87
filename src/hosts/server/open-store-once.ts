/** One connection to the store that instances share, to look at it. */
import { readStateUrl } from '../../settings/state-url.ts'
import { openerFor } from '../../state/redis/address.ts'
import type { RedisClient } from '../../state/redis/client.ts'
import { redisDialer } from './redis-client.ts'
import { loadLibrary, readCa } from './shared-state.ts'

/** Rejects with a `SettingsError`, or with the library's error where the store cannot be reached. */
export async function openStoreOnce(
  state: string,
  stateCa: string | undefined,
  signal: AbortSignal,
): Promise<RedisClient> {
  const address = readStateUrl(state)
  const ca = await readCa(stateCa, address.usesTls)
  const open = openerFor(address, ca, redisDialer(await loadLibrary()))
  return open(() => {}, signal)
}
