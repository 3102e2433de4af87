/** Ids of streams: when they began, and 80 random bits. */

const ID = /^strm_([0-9a-f]{12})[0-9a-f]{20}$/

/** Milliseconds; clocks of instances may differ by some of them. */
const FRESH = 10_000

export function newStreamId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `strm_${time}${crypto.randomUUID().replaceAll('-', '').slice(12)}`
}

/** Whether a stream with this id has begun just now, by another instance's clock. */
export function isFresh(id: string): boolean {
  const [, time] = ID.exec(id) ?? []
  return time !== undefined && Math.abs(Date.now() - Number.parseInt(time, 16)) < FRESH
}
