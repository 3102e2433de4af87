/** Quantities as texts. */

export function bytesText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.round(bytes / 1e3)} kB`
}

export function timeText(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}

/** How fast a model of this size is likely to be. */
export function speedText(megabytes: number): string {
  if (megabytes < 1_500) return 'fast'
  return megabytes < 4_500 ? 'medium' : 'slow, needs a large GPU'
}
