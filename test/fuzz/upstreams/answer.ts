/** The answer of an upstream, as its bytes and its body. */
import { bytesOf, edited, packetsOf, utf8 } from '../bytes.ts'
import type { Change, UpstreamsInput } from './generate.ts'
import { type Frame, framesOf } from './said.ts'

type Bytes = Uint8Array<ArrayBuffer>

export interface UpstreamAnswer {
  packets: Bytes[]
  /** The text of all events that were sent as a whole; unknown where bytes were changed. */
  text: string | undefined
  /** Nothing was changed or left out. */
  isWhole: boolean
}

export function answerOf({
  answers,
  said,
  changes,
  edits,
  share,
  cuts,
}: UpstreamsInput): UpstreamAnswer {
  const frames = changes.reduce(changed, framesOf(answers, said))
  const whole = utf8(frames.map(({ send }) => send).join(''))
  const sent = edited(whole, edits)
  const length = Math.floor((sent.length * share) / 1_000)
  const isEdited = edits.length > 0
  // What such an event adds, if anything, depends on its place.
  const mayAdd = changes.some((each) => each.how === 'insert' && /delta|choices/.test(each.send))
  return {
    packets: packetsOf(bytesOf(sent.slice(0, length)), cuts),
    text: isEdited || mayAdd ? undefined : frames.map(({ text }) => text).join(''),
    isWhole: !isEdited && changes.length === 0 && length === whole.length,
  }
}

function changed(frames: Frame[], change: Change): Frame[] {
  const at = change.at % (frames.length + 1)
  const before = frames.slice(0, at)
  const [here, ...after] = frames.slice(at)
  if (change.how === 'insert')
    return [...before, { send: change.send, text: '' }, ...frames.slice(at)]
  if (here === undefined) return frames
  if (change.how === 'drop') return [...before, ...after]
  if (change.how === 'double') return [...before, here, here, ...after]
  const other = change.other % frames.length
  return frames.map((frame, index) => {
    if (index === at) return frames[other] ?? frame
    return index === other ? here : frame
  })
}

/** The packets as a body, one per read. */
export function bodyOf(packets: Bytes[], ending: UpstreamsInput['ending'], delay: number) {
  let at = 0
  return new ReadableStream<Bytes>(
    {
      async pull(control) {
        if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
        const packet = packets[at++]
        if (packet !== undefined) control.enqueue(packet)
        else if (ending === 'end') control.close()
        else if (ending === 'break') control.error(new Error('broken'))
        else await new Promise(() => {})
      },
    },
    { highWaterMark: 0 },
  )
}
