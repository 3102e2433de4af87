/** Offers to pair a browser tab: each is good for one tab, for ten minutes. */
import { ApiError } from '../wire/errors/api-error.ts'

/** Milliseconds for which a pairing can be redeemed. */
const PAIRING_TIME = 600_000

/** The most that are open at once. */
const MOST_OPEN = 32

/** Wrong codes after which all open codes are void; the links go on being good, as nobody can guess one. */
const TRIES = 5

/** Bytes of the secret of a link. */
const SECRET_BYTES = 32

/** Without 0, O, 1, I, L and U, which people confuse. */
const LETTERS = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const CODE_LENGTH = 8

/** What the key of a paired tab may do. */
export interface PairingWish {
  /** The name of the key: `phone`. */
  name: string
  /** The name of the key whose requests the tab answers; undefined for those of admins. */
  owner?: string | undefined
  /** Whether it answers everybody's requests. */
  shared?: boolean | undefined
}

export interface Pairing extends PairingWish {
  /** For the fragment of a link: 256 random bits. */
  secret: string
  /** For people to type: `7K3M-Q9XD`. */
  code: string
  /** Unix time in milliseconds. */
  expiresAt: number
}

export class Pairings {
  readonly #open = new Map<string, Pairing & { isCodeVoid?: boolean }>()
  #wrong = 0
  readonly #now: () => number

  /** `now`: the clock, for tests. */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Opens a pairing, in the place of one with the same name. Throws an `ApiError` (429) where too many are open. */
  open(wish: PairingWish): Pairing {
    this.#removeOld()
    for (const { name, secret } of this.#open.values()) {
      if (name === wish.name) this.#open.delete(secret)
    }
    if (this.#open.size >= MOST_OPEN) {
      const message = `pairings: expected at most ${MOST_OPEN} open ones, and so many are; wait until one has expired (10 minutes).`
      throw new ApiError(429, message, {
        code: 'too_many_pairings',
        headers: { 'retry-after': '60' },
      })
    }
    const pairing = {
      ...wish,
      secret: randomSecret(),
      code: randomCode(),
      expiresAt: this.#now() + PAIRING_TIME,
    }
    this.#open.set(pairing.secret, pairing)
    return pairing
  }

  /** Redeems a secret or a code, once. Throws an `ApiError` (403). */
  redeem(offer: string): PairingWish {
    this.#removeOld()
    const found = this.#bySecret(offer) ?? this.#byCode(offer)
    if (found === undefined) throw this.#refuse(offer)
    this.#open.delete(found.secret)
    const { name, owner, shared } = found
    return { name, owner, shared }
  }

  #bySecret(offer: string): Pairing | undefined {
    return [...this.#open.values()].find(({ secret }) => isSame(secret, offer))
  }

  #byCode(offer: string): Pairing | undefined {
    const code = normalized(offer)
    if (code.length !== CODE_LENGTH) return undefined
    return [...this.#open.values()].find(
      (each) => !each.isCodeVoid && isSame(normalized(each.code), code),
    )
  }

  #refuse(offer: string): ApiError {
    const isCode = normalized(offer).length === CODE_LENGTH
    if (isCode && ++this.#wrong >= TRIES) {
      for (const each of this.#open.values()) each.isCodeVoid = true
      this.#wrong = 0
    }
    const message = `offer: expected the code or the link of a pairing that is open, got another one; it may have been used, or be older than ${PAIRING_TIME / 60_000} minutes, or too many wrong codes were tried. Make a new one with "sluice pair NAME".`
    return new ApiError(403, message, { code: 'pairing_unknown', param: 'offer' })
  }

  #removeOld(): void {
    const now = this.#now()
    for (const [secret, { expiresAt }] of this.#open) {
      if (now >= expiresAt) this.#open.delete(secret)
    }
    if (this.#open.size === 0) this.#wrong = 0
  }
}

/** Takes as long whichever character is the first to differ, so that its time tells nothing. */
function isSame(known: string, offered: string): boolean {
  if (known.length !== offered.length) return false
  let differing = 0
  for (let at = 0; at < known.length; at++)
    differing |= known.charCodeAt(at) ^ offered.charCodeAt(at)
  return differing === 0
}

/** As people type it: in any case, with or without the hyphen. */
function normalized(code: string): string {
  return code.length > 32 ? '' : code.toUpperCase().replace(/[\s-]/g, '')
}

function randomSecret(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))
}

function randomCode(): string {
  let code = ''
  while (code.length < CODE_LENGTH) {
    const [byte = 0] = crypto.getRandomValues(new Uint8Array(1))
    // Every letter is as likely as any other.
    if (byte < Math.floor(256 / LETTERS.length) * LETTERS.length)
      code += LETTERS[byte % LETTERS.length]
  }
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
