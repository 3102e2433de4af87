import type { Recording } from '../../recording/recording.ts'
import type { ReplayOptions } from '../../recording/replay.ts'
import { modelOf, replayHandler } from '../../recording/replay-server.ts'
import type { Engine } from '../engine.ts'
import { STATIC_MODEL } from '../static/model.ts'
import { Upstream } from '../upstream/upstream.ts'

/** A recorded chat as an engine: replays the recorded server's bytes through the contract. */
export function createReplay(
  recording: Recording,
  options: ReplayOptions,
  label = 'replay',
): Engine {
  const answer = replayHandler([recording], options)
  return new Upstream({
    // Never requested: `fetch` below answers from the recording.
    url: 'http://recording.invalid/v1',
    label,
    // Only the built-in engine may have a model of that name.
    ...(modelOf(recording) === STATIC_MODEL && { rewrite: { [label]: STATIC_MODEL } }),
    fetch: (url, init) => answer(new Request(url, init)),
  })
}
