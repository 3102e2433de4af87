/** What may follow a chunk size on its line. Source: RFC 9112 §7.1.1. */

const TOKEN = "[!#$%&'*+\\-.^_`|~\\dA-Za-z]+"
const QUOTED =
  '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"'
const BLANKS = '[\\t ]*'

/** What follows a chunk size on its line, with the line's CR: extensions, which mean nothing here. */
export const EXTENSIONS = new RegExp(`^(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*\r$`)

/**
 * The same with blanks around its parts, which RFC 9112 §7.1.1 calls bad white space, and with
 * extensions that are empty. Servers pad chunk sizes with blanks.
 */
export const IRREGULAR_EXTENSIONS = new RegExp(
  `^${BLANKS}(?:;${BLANKS}(?:${TOKEN}${BLANKS}(?:=${BLANKS}(?:${TOKEN}|${QUOTED})${BLANKS})?)?)*\r$`,
)
