/** Headers and attributes as OpenTelemetry's variables have them: `name=value,other=value`, percent-encoded. */
import * as z from 'zod/mini'
import { notShown, unexpected } from './error.ts'

/** A name that HTTP allows, and a value that every HTTP implementation sends. */
const HEADER = { name: /^[\w!#$%&'*+.^`|~-]+$/, value: /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/ }

type Pairs = Record<string, string>

/** The same as one text, as far as a pattern tells before it is decoded. */
const TEXT = {
  headers:
    /^(?:\s*[\w!#$%&'*+.^`|~-]+\s*=(?:[\t\x20-\x24\x26-\x2b\x2d-\x7e]|%[2-7][0-9a-fA-F])*|\s*)(?:,(?:\s*[\w!#$%&'*+.^`|~-]+\s*=(?:[\t\x20-\x24\x26-\x2b\x2d-\x7e]|%[2-7][0-9a-fA-F])*|\s*))*$/,
  attributes:
    /^(?:\s*[^,=\s][^,=]*=(?:[^,%]|%[0-9a-fA-F]{2})*|\s*)(?:,(?:\s*[^,=\s][^,=]*=(?:[^,%]|%[0-9a-fA-F]{2})*|\s*))*$/,
}

type PairsSchema = z.ZodMiniType<string | Pairs, string | Readonly<Pairs>>

export const headersSchema = (): PairsSchema =>
  z.union([
    z.string().check(z.regex(TEXT.headers)),
    z.record(z.string().check(z.regex(HEADER.name)), z.string()),
  ])

export const attributesSchema = (): PairsSchema =>
  z.union([
    z.string().check(z.regex(TEXT.attributes)),
    z.record(z.string().check(z.minLength(1)), z.string()),
  ])

/** The headers, by their names in lower case. Throws a `SettingsError` that shows no value: it may be a token. */
export function readHeaders(given: string | Pairs, shownAs: string): Pairs {
  const pairs = typeof given === 'string' ? pairsIn(given) : Object.entries(given)
  const valid = pairs?.every(
    ([name, value]) => HEADER.name.test(name) && (value === '' || HEADER.value.test(value)),
  )
  if (pairs === undefined || !valid)
    throw notShown(
      shownAs,
      'headers as NAME=VALUE with commas between them, or as an object',
      given,
    )
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]))
}

/** The attributes of a resource. Throws a `SettingsError`. */
export function readAttributes(given: string | Pairs, shownAs: string): Pairs {
  const pairs = typeof given === 'string' ? pairsIn(given) : Object.entries(given)
  if (pairs !== undefined) return Object.fromEntries(pairs)
  throw unexpected(shownAs, 'NAME=VALUE with commas between them, or an object', given)
}

/** Undefined where one of them is no pair, or is not percent-encoded. */
function pairsIn(text: string): [string, string][] | undefined {
  const pairs: [string, string][] = []
  for (const item of text.split(',').map((each) => each.trim())) {
    if (item === '') continue
    const at = item.indexOf('=')
    const name = decoded(item.slice(0, Math.max(0, at)).trim())
    const value = decoded(item.slice(at + 1).trim())
    if (name === undefined || name === '' || value === undefined) return undefined
    pairs.push([name, value])
  }
  return pairs
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
