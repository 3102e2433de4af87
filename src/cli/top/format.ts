/** Numbers as `sluice top` shows them: short, and of a width that changes little. */

/** `340ms`, `1.23s`, `12.3s`, `4m10s`, `2h05m`, `3d4h`, `1007d`; empty for what is no number. */
export function shortTime(ms: unknown): string {
  if (!isNumber(ms) || ms < 0) return ''
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 9_995) return `${(ms / 1_000).toFixed(2)}s`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)}s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  return days < 1_000 ? `${days}d${hours % 24}h` : `${days}d`
}

/** `950`, `12.3k`, `123k`, `1.2M` */
export function shortCount(count: unknown): string {
  if (!isNumber(count)) return ''
  if (count < 9_999.5) return String(Math.round(count))
  if (count >= 99_950 && count < 999_500) return `${Math.round(count / 1e3)}k`
  return count < 99_950 ? `${(count / 1e3).toFixed(1)}k` : `${(count / 1e6).toFixed(1)}M`
}

/** Tokens per second: `0.5`, `45.2`, `145` */
export function shortRate(rate: unknown): string {
  if (!isNumber(rate)) return ''
  return rate < 99.95 ? rate.toFixed(1) : shortCount(rate)
}

/** `512 B`, `3.4 kB`, `12.0 MB` */
export function shortBytes(bytes: unknown): string {
  if (!isNumber(bytes)) return ''
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** The number, or 0 where a server sent none. */
export function numberOf(value: unknown): number {
  return isNumber(value) ? value : 0
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
