import { record } from '../../recording/record.ts'
import type { Recording } from '../../recording/recording.ts'
import { replay } from '../../recording/replay.ts'
import { modelOf, replayHandler } from '../../recording/replay-server.ts'
import { SettingsError } from '../../settings/settings.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import { readRecording, readReplayOptions } from '../recordings.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice replay FILE … [options]',
  text: 'Serves recordings like the servers they were recorded from: the same bytes at the same times, at\nthe same endpoints, with the same failures. A recording answers requests for its model; if there\nis only one, it answers all requests.',
  table: {
    port: {
      value: 'PORT',
      text: 'The port to listen on, 8788 by default; 0 lets the system choose one.',
    },
    host: { value: 'ADDRESS', text: 'The address to listen on, 127.0.0.1 by default.' },
    speed: {
      value: 'N',
      text: 'The speed relative to the recording, such as 2 for twice as fast; 0 sends without waiting.',
    },
    split: { value: 'BYTES', text: 'Split the bytes into packets of this size instead.' },
    jitter: { value: 'TIME', text: 'Delay each packet by a random time, up to this one.' },
    seed: {
      value: 'N',
      text: 'The seed of those random times; the same seed gives the same times.',
    },
  },
} as const

export const tool = defineTool(usage, async (given, context) => {
  if (given.words.length === 0)
    throw new SettingsError(
      'replay: expected a file, got nothing; name a file that "sluice record" made.',
    )
  const recordings = await Promise.all(given.words.map((file) => readRecording(file, 'replay')))
  const options = readReplayOptions((name) => given.text(name as keyof typeof usage.table))
  const handler = replayHandler(recordings, options)
  const warmUpPath = `/${crypto.randomUUID()}`
  const address = await context.serve({
    fetch: (request) =>
      request.url.endsWith(warmUpPath) ? replay(WARM_UP, request.signal) : handler(request),
    host: given.text('host') ?? '127.0.0.1',
    port: given.number('port', 0, 65_535) ?? 8788,
  })
  await warmUp(context, address + warmUpPath)
  context.err.write(`sluice replays at ${terminalLine(address)}/v1\n`)
  for (const recording of recordings) {
    const { packets, recordedAt } = recording
    context.err.write(
      `  ${terminalLine(modelOf(recording))}  ${packets.length} packets, recorded ${terminalLine(recordedAt)}\n`,
    )
  }
  await untilStopped(context.signal)
  return 0
})

/** The signal may have been aborted already. */
function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })
}

/** One request loads the code, and a few more let it be compiled. */
const WARM_UP_ANSWERS = 5

/** A stream of comments only. */
const WARM_UP: Recording = {
  recordedAt: '',
  by: '',
  request: { method: 'GET', url: 'http://127.0.0.1/', headers: {} },
  response: { at: 0, status: 200, headers: [['content-type', 'text/event-stream']] },
  packets: [0, 2, 4].map((at) => ({ at, bytes: new TextEncoder().encode(': warm-up\n') })),
  end: { at: 6, how: 'end' },
}

/**
 * The first answer of a process is late, as code is loaded and compiled for it; so the process sends
 * itself the first requests. If it cannot reach itself, the first answer to a client is late.
 */
async function warmUp({ fetch }: ToolContext, url: string): Promise<void> {
  for (let times = 0; times < WARM_UP_ANSWERS; times++) {
    await record({ fetch, url, headers: {}, by: '', signal: AbortSignal.timeout(1_000) })
  }
}
