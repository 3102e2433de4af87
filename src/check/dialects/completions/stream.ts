import type { Recording } from '../../../recording/recording.ts'
import type { ParsedEvent } from '../../checks/framing.ts'
import type { Findings } from '../../findings.ts'
import { type ChunkShape, checkChoicesStream } from '../choices-stream.ts'

const FORM: ChunkShape = {
  object: 'text_completion',
  isChoice: ({ text }) => typeof text === 'string',
  part: ({ text }) => ({ text }),
}

/** Checks a text completion stream: the form of its chunks and their order. */
export function checkCompletionsStream(
  recording: Recording,
  events: readonly ParsedEvent[],
  findings: Findings,
): void {
  checkChoicesStream(recording, events, findings, FORM)
}
