// Reads settings out of text. What cannot be read stays as it is, for the schema to refuse.

const units: Record<string, number> = {
  ...{ '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 },
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 },
}

function readQuantity(value: unknown, unit: RegExp): unknown {
  const match = typeof value === 'string' && /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(value.trim())
  if (!match || !unit.test(match[2] ?? '')) return value
  return Math.round(Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? Number.NaN))
}

/** `1.5m` and `500` as milliseconds. */
export function readDuration(value: unknown): unknown {
  return readQuantity(value, /^(ms|s|m|h)?$/)
}

/** `20MB` and `20000000` as bytes. */
export function readSize(value: unknown): unknown {
  return readQuantity(value, /^([kmg]i?)?b?$/i)
}

/** Bytes in the largest unit that needs at most two digits after the point: `24GB`, `1.5GiB`. */
export function showSize(bytes: number): string {
  const unit = ['GB', 'GiB', 'MB', 'MiB', 'kB', 'KiB'].find((each) => {
    const hundredths = (bytes * 100) / (units[each.toLowerCase()] ?? Number.NaN)
    return hundredths >= 100 && Number.isInteger(hundredths)
  })
  return unit === undefined
    ? `${bytes} bytes`
    : `${bytes / (units[unit.toLowerCase()] ?? 1)}${unit}`
}

export function readInteger(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value
}

export function readBoolean(value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (/^(true|1|yes|on)$/i.test(value)) return true
  return /^(false|0|no|off)$/i.test(value) ? false : value
}

function readList(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value
}

/** A list in text: items with commas between them, or JSON, which items that are objects need. */
export function readItems(value: unknown): unknown {
  if (typeof value !== 'string' || !value.trim().startsWith('[')) return readList(value)
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
