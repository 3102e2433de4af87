/** Pairs a browser tab: an offer, good once, becomes a key that may offer and may not ask. */
import { readJsonBody } from '../guard/body.ts'
import { hashKey } from '../guard/keys.ts'
import { type Key, readKey } from '../settings/keys.ts'
import { SettingsError } from '../settings/settings.ts'
import { base64url, type PairingWish } from '../tabs/pairings.ts'
import { isObject } from '../util/object.ts'
import { quoted } from '../util/safe/quoted.ts'
import { ApiError, badRequest } from '../wire/errors/api-error.ts'
import { readBody } from './exchange.ts'
import { jsonResponse } from './json.ts'
import { SAME_ORIGIN } from './policy.ts'
import { provided } from './provided.ts'
import type { RouteContext, RouteHandler } from './route.ts'
import { requireShared } from './tabs.ts'

/** Bytes of the random part of a key: 256 bits cannot be guessed. */
const LENGTH = 32

/** The most bytes of a request to redeem a pairing. */
const MOST_OFFER_BYTES = 1_024

const PRIVATE = { 'cache-control': 'no-store', ...SAME_ORIGIN }

/** `POST /v1/pairings`: opens a pairing for an admin. Rejects with an `ApiError` (400, 429, 501). */
export const openPairing: RouteHandler = async (request, trace, context) => {
  requireShared(context)
  const body = await readBody(request, trace, context)
  const wish = readWish(body, context)
  const { secret, code, expiresAt, name } = provided(context.pairings).open(wish)
  const expires_at = Math.floor(expiresAt / 1000)
  return jsonResponse({ object: 'pairing', name, secret, code, expires_at }, { headers: PRIVATE })
}

/**
 * `POST /v1/pairings/redeem`: trades the secret of a link, or a code, for a key. Whoever has neither gets
 * nothing. Rejects with an `ApiError` (400, 403, 501).
 */
export const redeemPairing: RouteHandler = async (request, _trace, context) => {
  requireShared(context)
  // Whoever sends it is a stranger, and it is a secret: it is short, and nothing else sees it.
  const body = await readJsonBody(request, MOST_OFFER_BYTES, context.settings.bodyTimeout)
  const offer = isObject(body) ? body.offer : undefined
  if (typeof offer !== 'string') {
    throw badRequest(
      'offer: expected the code of a pairing, or the secret of its link, got none; send {"offer": "7K3M-Q9XD"}, for example.',
      'offer',
    )
  }
  const wish = provided(context.pairings).redeem(offer)
  // The settings may be others than when it was opened.
  requireFree(wish, context)
  requireOwner(wish, context.settings)
  const key = `sluice_${base64url(crypto.getRandomValues(new Uint8Array(LENGTH)))}`
  const entry = entryOf(wish, await hashKey(key))
  context.paired.set(entry.hash, entry)
  const isSaved = (await context.saveKey?.(entry)) ?? false
  return jsonResponse(
    { object: 'paired', name: entry.name, key, saved: isSaved },
    { headers: PRIVATE },
  )
}

/** `GET /v1/pairings`: the keys of paired tabs that are in no settings, for admins. */
export const listPairings: RouteHandler = async (_request, _trace, { paired }) => {
  const data = [...paired.values()].map(({ name, owner, shared }) => {
    return { object: 'paired', name, ...(owner && { owner }), ...(shared && { shared }) }
  })
  return jsonResponse({ object: 'list', data }, { headers: PRIVATE })
}

/** `DELETE /v1/pairings/{name}`: revokes such a key. Rejects with an `ApiError` (404). */
export const removePairing: RouteHandler = async ({ params }, _trace, { paired, dropKey }) => {
  const name = String(params.name)
  const key = [...paired.values()].find((each) => each.name === name)
  if (key === undefined) {
    const message = `name: expected the name of a paired tab whose key is in no settings, got ${quoted(name)}; GET /v1/pairings lists them, and keys of the settings are removed there.`
    throw new ApiError(404, message, { code: 'not_found', param: 'name' })
  }
  await dropKey?.(key)
  paired.delete(key.hash)
  return jsonResponse({ name, object: 'paired', deleted: true }, { headers: PRIVATE })
}

/** Throws an `ApiError` (400). */
function readWish(body: unknown, context: RouteContext): PairingWish {
  if (!isObject(body)) throw wrongName('something else')
  const { name, owner, shared } = body
  if (typeof name !== 'string') throw wrongName(typeof name)
  const wish = {
    name,
    ...(typeof owner === 'string' && { owner }),
    ...(shared === true && { shared }),
  }
  try {
    entryOf(wish, `sha256:${'0'.repeat(64)}`)
  } catch (error) {
    if (error instanceof SettingsError) throw badRequest(error.message, 'name')
    throw error
  }
  requireOwner(wish, context.settings)
  requireFree(wish, context)
  return wish
}

/** Throws an `ApiError` (400) where a key has the name. */
function requireFree({ name }: PairingWish, { settings, paired }: RouteContext): void {
  const names = [...settings.keys, ...paired.values()].map((key) => key.name)
  if (!names.includes(name)) return
  throw badRequest(
    `name: expected a name that no key has, got ${name}; choose another, or remove that key.`,
    'name',
  )
}

/** Throws an `ApiError` (400) where the tab would answer a key that there is not. */
function requireOwner({ owner }: PairingWish, { keys }: RouteContext['settings']): void {
  if (owner === undefined || keys.some(({ name, offers }) => name === owner && !offers)) return
  throw badRequest(
    `owner: expected the name of a key that may ask, got ${quoted(owner)}; name one of the settings.`,
    'owner',
  )
}

/** Throws a `SettingsError`. */
function entryOf({ name, owner, shared }: PairingWish, hash: string): Key {
  const more = { ...(owner && { owner }), ...(shared && { shared }) }
  return readKey({ name, hash, offers: true, ...more }, 'name')
}

function wrongName(got: string): ApiError {
  return badRequest(
    `name: expected a name for the key of the tab, such as "phone", got ${got}; send {"name": "phone"}.`,
    'name',
  )
}
