/** Captures as recordings, in the form that `sluice record` writes. */
import { masked } from '../../recording/mask.ts'
import { formatRecording, type RecordedRequest, type Recording } from '../../recording/recording.ts'
import { decodeText } from '../../wire/sse/sse.ts'
import type { Capture } from './capture.ts'
import type { CapturedRequest, CapturedSide } from './captured-side.ts'

/**
 * The recording of one side, without keys; undefined where the engine of the last attempt has no bytes.
 * `by`: the recording program, as `sluice record` names it.
 */
export function recordingText(
  { client, engine, secrets }: Capture,
  side: 'client' | 'engine',
  by: string,
): string | undefined {
  const shown = side === 'client' ? client : engine
  return shown && formatRecording(masked(recordingOf(shown, by), [...secrets]))
}

function recordingOf(side: CapturedSide, by: string): Recording {
  const { time, startedAt, request, response, packets, end } = side
  return {
    recordedAt: new Date(time).toISOString(),
    by,
    request: requestOf(request),
    ...(response && { response }),
    packets,
    end: end ?? {
      at: Math.max(performance.now() - startedAt, packets.at(-1)?.at ?? 0),
      how: 'stopped',
      why: 'the request has not ended yet',
    },
  }
}

function requestOf({ body, ...rest }: CapturedRequest): RecordedRequest {
  if (body === undefined) return rest
  try {
    return { ...rest, body: decodeText(body) }
  } catch {
    return { ...rest, bytes: body }
  }
}
