import { readRecording, readReplayOptions } from '../cli/recordings.ts'
import type { Engine } from '../engines/engine.ts'
import { createReplay } from '../engines/replay.ts'
import { isChat } from '../recording/server.ts'
import type { EngineSetting } from '../settings/engines.ts'
import { SettingsError } from '../settings.ts'

/** The engines that settings make of files. Rejects with a `SettingsError`. */
export function recordedEngines(settings: readonly EngineSetting[]): Promise<Engine[]> {
  return Promise.all(
    settings.map(async ({ file, options }, index) => {
      const recording = await readRecording(file, '--engine')
      if (!isChat(recording)) {
        const { pathname } = new URL(recording.request.url)
        throw new SettingsError(
          `--engine: ${file} holds no chat, but an answer to ${pathname}; "sluice replay" serves it.`,
        )
      }
      const label = index === 0 ? 'replay' : `replay-${index + 1}`
      return createReplay(
        recording,
        readReplayOptions((name) => options[name]),
        label,
      )
    }),
  )
}
