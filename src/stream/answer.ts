import type { Usage } from '../wire/chat/request.ts'
import { countsOf } from '../wire/usage.ts'
import type { AnyContract, WholeAnswer } from './chat-stream.ts'

/** The part of an engine's answer that an exchange reads. */
export type Answer = WholeAnswer | { kind: 'chunks' | 'frames' | 'passed'; contract: AnswerCounts }

/** What is counted of an answer while it comes. */
export type AnswerCounts = Pick<
  AnyContract,
  'tokens' | 'textLength' | 'countsText' | 'usage' | 'repaired'
>

/** The engine's token counts; undefined until it sends them. */
export function usageOf(answer: Answer): Usage | undefined {
  return answer.kind === 'whole' ? countsOf(answer.usage) : answer.contract.usage
}

/** The UTF-8 bytes of a streamed answer so far. */
export function textLengthOf(answer: Answer): number {
  return answer.kind === 'whole' ? 0 : answer.contract.textLength
}

/** The repairs of an answer, for the log. */
export function repairsOf(answer: Answer): Iterable<string> {
  return answer.kind === 'whole' ? answer.repaired : answer.contract.repaired
}
