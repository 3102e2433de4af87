import { record } from '../../recording/record.ts'
import type { Recording } from '../../recording/recording.ts'
import { replay } from '../../recording/replay.ts'
import { modelOf, replayHandler } from '../../recording/replay-server.ts'
import { SettingsError } from '../../settings/settings.ts'
import { printable } from '../log.ts'
import { readRecording, readReplayOptions } from '../recordings.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice replay FILE … [options]',
  text: 'Serves recordings in place of the recorded servers: the same bytes at the same times and the same\nendpoints; where a connection broke, it breaks again. A recording answers requests for its model; a\nsingle recording answers every request.',
  table: {
    port: { value: 'PORT', text: 'The port, 8788 by default; 0 lets the system choose one.' },
    host: { value: 'ADDRESS', text: 'The address, 127.0.0.1 by default.' },
    speed: { value: 'N', text: 'Replay N times as fast; 0 without any pauses.' },
    split: {
      value: 'BYTES',
      text: 'Split the bytes into packets of this size, instead of the recorded ones.',
    },
    jitter: { value: 'TIME', text: 'Delay each packet by a random time, up to this one.' },
    seed: {
      value: 'N',
      text: 'The seed of the random delays; the same seed gives the same delays.',
    },
  },
} as const

export const tool = defineTool(usage, async (given, bench) => {
  if (given.words.length === 0)
    throw new SettingsError(
      'replay: expected a file, got nothing; name a recording of "sluice record".',
    )
  const recordings = await Promise.all(given.words.map((file) => readRecording(file, 'replay')))
  const options = readReplayOptions((name) => given.text(name as keyof typeof usage.table))
  const handler = replayHandler(recordings, options)
  const warmUpPath = `/${crypto.randomUUID()}`
  const address = await bench.serve({
    fetch: (request) =>
      request.url.endsWith(warmUpPath) ? replay(WARM_UP, request.signal) : handler(request),
    host: given.text('host') ?? '127.0.0.1',
    port: given.number('port', 0, 65_535) ?? 8788,
  })
  await warmUp(bench, address + warmUpPath)
  bench.err.write(`sluice replays at ${address}/v1\n`)
  for (const recording of recordings) {
    const { packets, recordedAt } = recording
    bench.err.write(
      `  ${printable(modelOf(recording))}  ${packets.length} packets, recorded ${printable(recordedAt)}\n`,
    )
  }
  await untilStopped(bench.signal)
  return 0
})

/** Resolves on a signal, which may have come already. */
function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })
}

/** The first answer loads modules; the others let the runtime compile the code. */
const WARM_UP_ANSWERS = 5

/** A short stream that holds only comments. */
const WARM_UP: Recording = {
  recordedAt: '',
  by: '',
  request: { method: 'GET', url: 'http://127.0.0.1/', headers: {} },
  response: { at: 0, status: 200, headers: [['content-type', 'text/event-stream']] },
  packets: [0, 2, 4].map((at) => ({ at, bytes: new TextEncoder().encode(': warm-up\n') })),
  end: { at: 6, how: 'end' },
}

/**
 * Sends requests to this server itself, so that its code is loaded and compiled before the first real
 * one. Without that the first answer would come later than it was recorded.
 */
async function warmUp({ fetch }: ToolContext, url: string): Promise<void> {
  for (let times = 0; times < WARM_UP_ANSWERS; times++) {
    await record({ fetch, url, headers: {}, by: '', signal: AbortSignal.timeout(1_000) })
  }
}
