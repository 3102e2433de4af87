import type { Recording } from '../../../recording/recording.ts'
import { isObject } from '../../../util/object.ts'
import type { ParsedEvent } from '../../checks/framing.ts'
import type { Findings } from '../../findings.ts'
import { type ChunkShape, checkChoicesStream } from '../choices-stream.ts'
import type { JsonFields } from '../dialect.ts'

const FORM: ChunkShape = {
  object: 'chat.completion.chunk',
  isChoice: ({ delta }) => isObject(delta),
  part: ({ delta }) => delta as JsonFields,
  role: 'assistant',
}

/** Checks a chat stream: the form of its chunks and their order. */
export function checkChatStream(
  recording: Recording,
  events: readonly ParsedEvent[],
  findings: Findings,
): void {
  checkChoicesStream(recording, events, findings, FORM)
}
