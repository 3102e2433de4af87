/** Ids of streams and responses: when they began, and 80 random bits. */

const ID = /^(strm|resp)_([0-9a-f]{12})[0-9a-f]{20}$/

/** Milliseconds; clocks of instances may differ by some of them. */
const FRESH = 10_000

/** `strm_…`, or `resp_…`. */
export function newId(prefix: 'strm' | 'resp'): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${prefix}_${time}${crypto.randomUUID().replaceAll('-', '').slice(12)}`
}

/** The prefix of an id whose stream has begun just now, by another instance's clock; undefined for others. */
export function freshPrefix(id: string): 'strm' | 'resp' | undefined {
  const [, prefix, time] = ID.exec(id) ?? []
  const isFresh = time !== undefined && Math.abs(Date.now() - Number.parseInt(time, 16)) < FRESH
  return isFresh ? (prefix as 'strm' | 'resp') : undefined
}
