import type { StreamRead } from './read.ts'

/** The data of a client that splits at blank lines, and reads only the first line of each event. */
export function splitAtBlankLines(read: StreamRead): string[] {
  const events = read.raw.split('\n\n').filter((event) => event.startsWith('data: '))
  return events.map((event) => event.slice(6))
}

/** The number of events with text, a finish reason or an error that such a client loses. */
export function lostToSplitting(read: StreamRead): number {
  const seen = new Set(splitAtBlankLines(read))
  const isEmpty = (data: string) =>
    /"content":""|"text":"","logprobs":null,"finish_reason":null/.test(data)
  return read.events.filter(({ data }) => !seen.has(data) && !isEmpty(data)).length
}
