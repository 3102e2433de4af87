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
  text: 'Serves recordings as the servers they were made of: the same bytes at the same times, at the\nsame endpoints, broken where they broke. A recording answers requests for its model; a single\none answers all.',
  table: {
    port: { value: 'PORT', text: 'The port, 8788 by default; 0 lets the system choose one.' },
    host: { value: 'ADDRESS', text: 'The address, 127.0.0.1 by default.' },
    speed: { value: 'N', text: 'So many times as fast; 0 without any waiting.' },
    split: { value: 'BYTES', text: 'Cut anew into packets of so many bytes, 1 for one each.' },
    jitter: { value: 'TIME', text: 'Packets come late by chance, by so much at most.' },
    seed: { value: 'N', text: 'Another chance; the same number is always the same.' },
  },
} as const

export const tool = defineTool(usage, async (given, bench) => {
  if (given.words.length === 0) throw new SettingsError('replay: expected a file.')
  const recordings = await Promise.all(given.words.map((file) => readRecording(file, 'replay')))
  const options = readReplayOptions((name) => given.text(name as keyof typeof usage.table))
  const handler = replayHandler(recordings, options)
  const rehearsal = `/${crypto.randomUUID()}`
  const address = await bench.serve({
    fetch: (request) =>
      request.url.endsWith(rehearsal) ? replay(TRIAL, request.signal) : handler(request),
    host: given.text('host') ?? '127.0.0.1',
    port: given.number('port', 0, 65_535) ?? 8788,
  })
  await rehearse(bench, address + rehearsal)
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

/** It may have been stopped before it was there. */
function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })
}

/** Once for what is loaded, and a few times for what is compiled. */
const REHEARSALS = 5

/** A stream of nothing but its frames. */
const TRIAL: Recording = {
  recordedAt: '',
  by: '',
  request: { method: 'GET', url: 'http://127.0.0.1/', headers: {} },
  response: { at: 0, status: 200, headers: [['content-type', 'text/event-stream']] },
  packets: [0, 2, 4].map((at) => ({ at, bytes: new TextEncoder().encode(': trial\n') })),
  end: { at: 6, how: 'end' },
}

/**
 * What a process answers first is late by all that it does for the first time: so it answers itself
 * first. Where it can't reach itself, the first answer is late.
 */
async function rehearse({ fetch }: ToolContext, url: string): Promise<void> {
  for (let times = 0; times < REHEARSALS; times++) {
    await record({ fetch, url, headers: {}, by: '', signal: AbortSignal.timeout(1_000) })
  }
}
