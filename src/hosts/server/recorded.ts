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

/** The engines that settings make of files. Rejects with a `SettingsError`. */
export async function recordedEngines(
  settings: readonly EngineSetting[],
  runtime: Runtime,
): Promise<Engine[]> {
  const recordings = await Promise.all(settings.map(({ file }) => readChat(file)))
  const engines = settings.map(({ options }, index) => {
    const label = index === 0 ? 'replay' : `replay-${index + 1}`
    const how = readReplayOptions((name) => options[name])
    return createReplay(recordings[index] as Recording, how, label)
  })
  // Where it can't be, the first answer is late.
  await rehearse(recordings[0] as Recording, runtime).catch(() => {})
  return engines
}

async function readChat(file: string): Promise<Recording> {
  const recording = await readRecording(file, '--engine')
  if (isChat(recording)) return recording
  const { pathname } = new URL(recording.request.url)
  throw new SettingsError(
    `--engine: ${file} holds no chat, but an answer to ${pathname}; "sluice replay" serves it.`,
  )
}

/** How often a recording is played before it is asked for, and milliseconds for all of them. */
const REHEARSALS = { times: 5, patience: 1_000 }

/**
 * What a process answers first comes late by all that it does for the first time, and the first
 * answer would not be as it was recorded. So it is played before, without waiting, to nobody: at a
 * port of its own, as keys and logs are none of its business.
 */
async function rehearse(recording: Recording, { listen, fetch = ask, frameWriter }: Runtime) {
  const engines = [createReplay(recording, { speed: 0 })]
  const host = { engines, ...(frameWriter && { frameWriter }) }
  const handler = createHostedHandler({ discover: false, insecure: true }, host)
  const address = { hostname: '127.0.0.1', port: 0, tls: undefined, bodyTimeout: 1_000 }
  const { port, close } = await listen({ fetch: handler.fetch, ...address })
  const model = modelOf(recording)
  const messages = [{ role: 'user', content: 'A rehearsal.' }]
  const signal = AbortSignal.timeout(REHEARSALS.patience)
  for (let times = 0; times < REHEARSALS.times && !signal.aborted; times++) {
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

function ask(...request: Parameters<Fetch>): ReturnType<Fetch> {
  return fetch(...request)
}
