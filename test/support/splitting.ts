import type { StreamRead } from './read.ts'

/** What a client sees that takes a blank line for the end of an event and its first line for data. */
export function splitAtBlankLines(read: StreamRead): string[] {
  const events = read.raw.split('\n\n').filter((event) => event.startsWith('data: '))
  return events.map((event) => event.slice(6))
}

/** How many events with words, a finish or an error such a client loses. */
export function lostToSplitting(read: StreamRead): number {
  const seen = new Set(splitAtBlankLines(read))
  const isEmpty = (data: string) =>
    /"content":""|"text":"","logprobs":null,"finish_reason":null/.test(data)
  return read.events.filter(({ data }) => !seen.has(data) && !isEmpty(data)).length
}
