import type { RecordedPacket, Recording } from './recording.ts'

/** Headers whose values are masked. */
export const PRIVATE_HEADER =
  /auth|cookie|key|token|secret|assertion|jwt|passw|credential|signature/i

/** Query parameters whose values are masked. */
export const PRIVATE_PARAMETER = /auth|key|token|secret|passw|credential|sig(?:nature)?$/i

const STAR = 42

/**
 * Masks private headers, keys in the URL, and every occurrence of each of the `known` secrets, also in the answer.
 * Masked bytes of the answer keep their length, so that offsets do not change.
 */
export function masked(recording: Recording, known: readonly string[]): Recording {
  // The longest first: one may begin with another, and its rest would be left.
  const secrets = [...known].sort((one, other) => other.length - one.length)
  const { request, response, packets } = recording
  const hide = (text: string) =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, stars(secret)), text)
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    PRIVATE_HEADER.test(name) ? '***' : hide(value),
  ])
  return {
    ...recording,
    request: {
      ...request,
      url: hide(maskedUrl(request.url)),
      headers: Object.fromEntries(headers),
      ...(request.body !== undefined && { body: hide(request.body) }),
      ...(request.bytes && { bytes: maskedBytes(request.bytes, secrets) }),
    },
    ...(response && {
      response: {
        ...response,
        headers: response.headers.map(([name, value]) => [
          name,
          PRIVATE_HEADER.test(name) ? '***' : hide(value),
        ]),
      },
    }),
    packets: secrets.reduce(withoutSecret, packets),
  }
}

function maskedBytes(bytes: Uint8Array<ArrayBuffer>, secrets: readonly string[]) {
  return join(secrets.reduce(withoutSecret, [{ at: 0, bytes }]))
}

function maskedUrl(text: string): string {
  const url = new URL(text)
  if (url.password !== '') url.password = '***'
  for (const name of [...url.searchParams.keys()]) {
    if (PRIVATE_PARAMETER.test(name)) url.searchParams.set(name, '***')
  }
  return url.href
}

/** Masks a secret even if it is split between two packets. */
function withoutSecret(packets: RecordedPacket[], secret: string): RecordedPacket[] {
  const whole = join(packets)
  const wanted = new TextEncoder().encode(secret)
  let isFound = false
  for (let at = find(whole, wanted, 0); at !== -1; at = find(whole, wanted, at + wanted.length)) {
    whole.fill(STAR, at, at + wanted.length)
    isFound = true
  }
  if (!isFound) return packets
  let from = 0
  return packets.map(({ at, bytes }) => {
    const start = from
    from += bytes.length
    return { at, bytes: whole.slice(start, from) }
  })
}

function join(packets: readonly RecordedPacket[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(packets.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  for (const { bytes } of packets) {
    whole.set(bytes, at)
    at += bytes.length
  }
  return whole
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const first = wanted[0] as number
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at
  }
  return -1
}

function stars(secret: string): string {
  return '*'.repeat(secret.length)
}
