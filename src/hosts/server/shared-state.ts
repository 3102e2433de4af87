/** What a server shares with other instances, where its settings name a store. */
import type { HandlerHost } from '../../options.ts'
import { type Settings, SettingsError } from '../../settings/settings.ts'
import { readStateUrl } from '../../settings/state-url.ts'
import { openerFor } from '../../state/redis/address.ts'
import {
  CONNECT_DEADLINE,
  RedisConnection,
  type RedisConnectionOptions,
} from '../../state/redis/connection.ts'
import { GuardedLimits } from '../../state/redis/guarded-limits.ts'
import { Instances } from '../../state/redis/instances.ts'
import { redisLimits } from '../../state/redis/limits.ts'
import { Outages } from '../../state/redis/outages.ts'
import { checkServer, isLoginError, UnusableServerError } from '../../state/redis/server-check.ts'
import { StateLog } from '../../state/redis/state-log.ts'
import type { StateStatus } from '../../state/state-status.ts'
import type { Registry } from '../../telemetry/metrics/registry.ts'
import { redisDialer } from './redis-client.ts'
import { openSharedRuns } from './shared-runs.ts'

/** Milliseconds that connecting may take where Sentinel is asked first, or a cluster tells its slots. */
const SEVERAL_DEADLINE = 3_000

export interface SharedState {
  /** What the handler works with. */
  lent: Pick<HandlerHost, 'limits' | 'responses' | 'stateStatus'>
  /** Leaves the other instances, and closes the connection. */
  close(): Promise<void>
}

export interface SharedStateOptions {
  settings: Pick<Settings, 'state' | 'stateCa' | 'stateFailure' | 'stateInstances'>
  /** The id of this instance. */
  instance: string
  /** Counts calls and what was decided without the store. */
  metrics: Registry
  /** Called with a sentence for the person who runs the server, once per change. */
  tell: (text: string) => void
}

/**
 * Connects to the store that the settings name; undefined where they name none. Resolves too where it can't be
 * reached: it is tried again. Rejects with a `SettingsError` where it was reached but can't be used.
 */
export async function openSharedState({
  settings,
  instance,
  metrics,
  tell,
}: SharedStateOptions): Promise<SharedState | undefined> {
  const { state, stateCa, stateFailure: policy, stateInstances } = settings
  if (state === undefined) return undefined
  const address = readStateUrl(state)
  const ca = await readCa(stateCa, address.usesTls)
  const dialer = redisDialer(await loadLibrary())
  const early = keptBack(tell)
  const log = new StateLog(policy, early.tell)
  const outages = new Outages()
  const connecting: RedisConnectionOptions = {
    open: openerFor(address, ca, dialer),
    async check(client) {
      log.warn(await checkServer(client))
      await outages.look(client)
    },
    onCall: countingCalls(metrics, outages),
    connectMs: address.kind === 'single' ? CONNECT_DEADLINE : SEVERAL_DEADLINE,
  }
  const port = new RedisConnection({
    ...connecting,
    onChange: (isAway, error) => log.onChange(isAway, error),
    onFull: () => log.onFull(),
    isUsedWhenFull: true,
    onBack() {
      void instances.beat()
      void limits.onBack()
    },
  })
  const instances = new Instances(port, instance)
  const count = () => stateInstances ?? instances.count
  const limits = new GuardedLimits({
    shared: redisLimits(port),
    isAway: () => port.isAway,
    policy,
    instances: count,
    onFallback: (word) => metrics.count('sluice_state_fallbacks_total', [word]),
  })
  const runs = openSharedRuns(connecting, policy === 'closed', outages)
  const close = () => {
    runs.close()
    port.close()
  }
  await Promise.all([port.start(), runs.start()])
  requireUsable(port, close)
  early.release()
  await instances.start()
  const stateStatus = (): StateStatus => ({
    kind: 'redis',
    status: port.isAway ? 'away' : 'connected',
    instances: count(),
    policy,
  })
  return {
    lent: { stateStatus, limits, responses: runs.responses },
    async close() {
      await instances.stop()
      close()
    },
  }
}

/** Keeps what is told until it is known whether this starts: of a start that is refused, only the error is true. */
function keptBack(tell: SharedStateOptions['tell']) {
  let kept: string[] | undefined = []
  return {
    tell(text: string) {
      if (kept === undefined) tell(text)
      else kept.push(text)
    },
    release() {
      for (const text of kept ?? []) tell(text)
      kept = undefined
    },
  }
}

function countingCalls(metrics: Registry, outages: Outages): RedisConnectionOptions['onCall'] {
  return (name, outcome, ms) => {
    outages.note(outcome)
    metrics.count('sluice_state_calls_total', [name, outcome])
    if (outcome === 'away') return
    metrics.histogram('sluice_state_call_duration_seconds', [name]).observe(ms / 1_000)
  }
}

function requireUsable({ lastError, isAway }: RedisConnection, close: () => void): void {
  if (!isAway || lastError === undefined) return
  const isLogin = isLoginError(lastError)
  if (!isLogin && !(lastError instanceof UnusableServerError)) return
  close()
  if (!isLogin) throw new SettingsError(lastError.message)
  throw new SettingsError(
    `state: expected a user and password that the server accepts, got its refusal (${lastError.message}); correct SLUICE_STATE.`,
  )
}

/** Imported by its name, and only here: a server that shares nothing need not have it. */
export async function loadLibrary() {
  try {
    return await import('@redis/client')
  } catch (cause) {
    throw new SettingsError(
      'state: expected the package @redis/client, which is not installed; install it with: npm install @redis/client',
      { cause },
    )
  }
}

/** Rejects with a `SettingsError`. */
export async function readCa(
  path: string | undefined,
  usesTls: boolean,
): Promise<string | undefined> {
  if (path === undefined) return undefined
  if (!usesTls) {
    throw new SettingsError(
      'stateCa: expected a URL in state that begins with rediss:, for TLS, got another one; change it or remove stateCa.',
    )
  }
  const { readFile } = await import('node:fs/promises')
  const shown = JSON.stringify(path)
  const text = await readFile(path, 'utf8').catch((cause) => {
    const code = String((cause as { code?: unknown }).code ?? 'an error')
    throw new SettingsError(
      `stateCa: cannot read ${shown} (${code}); name a PEM file that this user can read.`,
      { cause },
    )
  })
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new SettingsError(
    `stateCa: expected certificates in PEM, which begin with -----BEGIN CERTIFICATE-----, but ${shown} holds none; name another file.`,
  )
}
