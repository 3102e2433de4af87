import { readRecording, readReplayOptions } from '../../cli/recordings.ts'
import type { Engine } from '../../engines/engine.ts'
import { createReplay } from '../../engines/replay/replay.ts'
import { createHostedHandler } from '../../handler.ts'
import type { Fetch } from '../../platform/fetch.ts'
import { record } from '../../recording/record.ts'
import type { Recording } from '../../recording/recording.ts'
import { isChat, modelOf } from '../../recording/replay-server.ts'
import type { EngineSetting } from '../../settings/engines.ts'
import { SettingsError } from '../../settings/settings.ts'
import type { Runtime } from './runtime.ts'

/** The engines that replay the recordings named in the settings. Rejects with a `SettingsError`. */
export async function replayEngines(
  settings: readonly EngineSetting[],
  runtime: Runtime,
): Promise<Engine[]> {
  const recordings = await Promise.all(settings.map(({ file }) => readChat(file)))
  const engines = settings.map(({ options }, index) => {
    const label = index === 0 ? 'replay' : `replay-${index + 1}`
    const how = readReplayOptions((name) => options[name])
    return createReplay(recordings[index] as Recording, how, label)
  })
  // If the warm-up fails, only the first answer comes late.
  await warmUp(recordings[0] as Recording, runtime).catch(() => {})
  return engines
}

async function readChat(file: string): Promise<Recording> {
  const recording = await readRecording(file, '--engine')
  if (isChat(recording)) return recording
  const { pathname } = new URL(recording.request.url)
  throw new SettingsError(
    `--engine: expected a recorded chat, but ${file} holds an answer of ${pathname}; serve it with: sluice replay ${file}`,
  )
}

/** How often a recording is replayed to warm up, and the milliseconds for all of these. */
const WARM_UP = { times: 5, timeout: 1_000 }

/**
 * Replays the recording without its pauses before the server starts. The first answer of a process
 * runs code that is not compiled yet, and would come later than it was recorded. It has a server of
 * its own, so that no key is needed and nothing is logged.
 */
async function warmUp(recording: Recording, { listen, fetch = globalFetch, frameWriter }: Runtime) {
  const engines = [createReplay(recording, { speed: 0 })]
  const host = { engines, ...(frameWriter && { frameWriter }) }
  const handler = createHostedHandler({ discover: false, insecure: true }, host)
  const address = { hostname: '127.0.0.1', port: 0, tls: undefined, bodyTimeout: 1_000 }
  const { port, close } = await listen({ fetch: handler.fetch, ...address })
  const model = modelOf(recording)
  const messages = [{ role: 'user', content: 'Warm-up.' }]
  const signal = AbortSignal.timeout(WARM_UP.timeout)
  for (let times = 0; times < WARM_UP.times && !signal.aborted; times++) {
    await record({
      fetch,
      url: `http://127.0.0.1:${port}/v1/chat/completions`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream: true, messages }),
      by: '',
      signal,
    })
  }
  await close()
}

function globalFetch(...request: Parameters<Fetch>): ReturnType<Fetch> {
  return fetch(...request)
}
