import { integer, size, time } from '../declaration.ts'

const timeout = { placeholder: 'TIME', min: 10 } as const

/** How long things may take, and how much a request may hold. */
export const requestLimits = {
  headerWait: time({
    min: 0,
    default: 5_000,
    placeholder: 'TIME',
    help: 'How long the headers of a stream are held back for its first chunk, so that an early failure gets the right HTTP status. 2s on workerd.',
  }),
  heartbeat: time({
    ...timeout,
    default: 10_000,
    help: 'How long a stream may be silent before a heartbeat is sent. 2s on workerd.',
  }),
  answerTimeout: time({
    ...timeout,
    default: 15 * 60_000,
    help: 'How long a request may wait for an engine to answer, including the time in the queue. While the engine is known to load the model, --load-timeout holds instead.',
  }),
  loadTimeout: time({
    ...timeout,
    default: 30 * 60_000,
    help: 'How long a request may wait for a server that says that it loads the model. No other timeout of an engine runs meanwhile.',
  }),
  attemptTimeout: time({
    ...timeout,
    default: 60_000,
    help: 'How long one of several engines may send nothing before another is asked.',
  }),
  firstTokenTimeout: time({
    ...timeout,
    default: 10 * 60_000,
    help: 'How long an engine may take from the start of its answer to the first token.',
  }),
  tokenTimeout: time({
    ...timeout,
    default: 5 * 60_000,
    help: 'How long an engine may pause between two tokens.',
  }),
  clientTimeout: time({
    ...timeout,
    default: 5 * 60_000,
    help: 'How long a client may go without reading from its stream.',
  }),
  bodyTimeout: time({
    ...timeout,
    default: 30_000,
    help: 'How long a client may take to send the headers of a request, and then its body.',
  }),
  maxBody: size({
    min: 1_000,
    max: 1_000_000_000,
    default: 20_000_000,
    placeholder: 'SIZE',
    expected: 'a size from 1kB to 1GB, such as 20MB',
    help: 'The largest body of a request.',
  }),
  maxMessages: integer({
    min: 1,
    max: 1_000_000,
    default: 5_000,
    placeholder: 'N',
    help: 'How many messages, prompts or inputs a request may have.',
  }),
  maxTools: integer({
    min: 1,
    max: 100_000,
    default: 512,
    placeholder: 'N',
    help: 'How many tools a request may have.',
  }),
}
