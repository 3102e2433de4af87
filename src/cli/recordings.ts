/** Reads recordings from files, and the options of a replay. */
import { readFile, stat } from 'node:fs/promises'
import { parseRecording, type Recording, RecordingError } from '../recording/recording.ts'
import type { ReplayOptions } from '../recording/replay.ts'
import { SettingsError } from '../settings/settings.ts'
import { readDuration } from '../settings/text.ts'

/** Whether a word of a command names a recording rather than a URL. */
export async function isRecordingFile(word: string): Promise<boolean> {
  if (/^[a-z]+:\/\//i.test(word)) return false
  if (word.endsWith('.jsonl')) return true
  return stat(word).then(
    (found) => found.isFile(),
    () => false,
  )
}

/** Rejects with a `SettingsError` that names the file, and the line where it is not a recording. */
export async function readRecording(path: string, shownAs: string): Promise<Recording> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new SettingsError(
      `${shownAs}: cannot read ${path}: ${cause.message}; name a file that "sluice record" made.`,
      { cause },
    )
  })
  try {
    return parseRecording(text)
  } catch (cause) {
    if (!(cause instanceof RecordingError)) throw cause
    throw new SettingsError(`${shownAs}: ${path}, ${cause.message}`, { cause })
  }
}

/** The options of a replay, from their texts. Throws a `SettingsError`. */
export function readReplayOptions(text: (name: string) => string | undefined): ReplayOptions {
  const options: ReplayOptions = {}
  const speed = text('speed')
  if (speed !== undefined) options.speed = numberIn('speed', speed, 0, 1_000)
  const split = text('split')
  if (split !== undefined) options.split = numberIn('split', split, 1, 1_000_000, true)
  const seed = text('seed')
  if (seed !== undefined) options.seed = numberIn('seed', seed, 0, 2 ** 32 - 1, true)
  const jitter = readDuration(text('jitter'))
  if (jitter === undefined) return options
  if (typeof jitter === 'number' && jitter <= 60_000) return { ...options, jitter }
  throw new SettingsError(`jitter: expected a time from 0 to 1m, got ${JSON.stringify(jitter)}.`)
}

function numberIn(name: string, text: string, low: number, high: number, isWhole = false): number {
  const value = Number(text)
  const isRight = text.trim() !== '' && value >= low && value <= high
  if (isRight && (!isWhole || Number.isInteger(value))) return value
  const kind = isWhole ? 'an integer' : 'a number'
  throw new SettingsError(
    `${name}: expected ${kind} from ${low} to ${high}, got ${JSON.stringify(text)}.`,
  )
}
