import { integer, time } from '../declaration.ts'

/** Streams that go on without their client, and responses in the background. */
export const streams = {
  maxBackground: integer({
    min: 1,
    max: 10_000,
    default: 32,
    placeholder: 'N',
    help: 'How many responses may run in the background at once. Where there are several keys, a key gets one only while it has fewer than there are free places, so that the others find some.',
  }),
  maxResumable: integer({
    min: 1,
    max: 100_000,
    default: 256,
    placeholder: 'N',
    help: 'How many streams that can be resumed may run at once; further ones are sent as ordinary streams. Where there are several keys, a key gets one only while it has fewer than there are free places.',
  }),
  resumeGrace: time({
    min: 0,
    default: 30_000,
    placeholder: 'TIME',
    help: 'How long a stream that can be resumed goes on while nobody reads it.',
  }),
  streamTtl: time({
    min: 1_000,
    default: 10 * 60_000,
    placeholder: 'TIME',
    help: 'How long a stream can be resumed after its end; one in the background at least an hour.',
  }),
}
