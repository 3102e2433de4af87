/** Where our HTTP client and llhttp are meant to differ. Every other difference is a finding. */
import type { Answer } from './answer.ts'

export interface Difference {
  what: string
  why: string
  /** Whether it explains that they differ on this answer. */
  explains(ours: Answer, theirs: Answer, answer: string): boolean
}

/** Only llhttp refuses it, with one of these errors. */
const onlyLlhttpFails =
  (...codes: string[]): Difference['explains'] =>
  (ours, { error = '' }) =>
    ours.verdict !== 'refused' && codes.includes(error)

const isStricter = (ours: Answer, theirs: Answer) =>
  ours.verdict === 'refused' && theirs.verdict !== 'refused'

/** What we refuse and llhttp accepts. */
const stricter: Difference[] = [
  {
    what: 'a status line of HTTP/0.9 or HTTP/2.0',
    why: 'we speak HTTP/1.0 and HTTP/1.1 alone',
    explains: (ours, theirs, answer) =>
      isStricter(ours, theirs) && /HTTP\/(0\.9|2\.0)/.test(answer),
  },
  {
    what: 'empty lines before the status line',
    why: 'RFC 9112 §2.2 allows them before a request alone',
    explains: (ours, theirs, answer) =>
      isStricter(ours, theirs) && /^[\r\n]|\n\r?\n[\r\n]+HTTP/.test(answer),
  },
  {
    what: 'a status below 100',
    why: 'RFC 9110 §15 has none',
    explains: (ours, theirs, answer) => isStricter(ours, theirs) && /HTTP\/1\.[01] 0/.test(answer),
  },
  {
    what: 'status 101',
    why: 'we never ask for another protocol',
    explains: (ours, theirs) => isStricter(ours, theirs) && theirs.status === 101,
  },
  {
    what: 'a content-length above 15 digits',
    why: 'no number of JavaScript holds it exactly, and no answer is as long',
    explains: (ours, theirs) =>
      isStricter(ours, theirs) && /^\d{16,}$/.test(theirs.headers['content-length'] ?? ''),
  },
  {
    what: 'a transfer-encoding other than chunked alone',
    why: 'we decode no other, so that its bytes would be taken for the content',
    explains: (ours, { verdict, headers }) =>
      ours.verdict === 'refused' &&
      verdict !== 'refused' &&
      (headers['transfer-encoding'] ?? 'chunked').toLowerCase() !== 'chunked',
  },
]

/**
 * llhttp refuses it, with one of these errors. We read it where the answer has such a text, and then use
 * its connection for nothing else.
 */
const readOnce =
  (text: RegExp, ...codes: string[]): Difference['explains'] =>
  (ours, { error = '' }, answer) =>
    ours.verdict !== 'refused' && !ours.isReusable && codes.includes(error) && text.test(answer)

/**
 * What llhttp refuses and we read, as curl, Bun and Deno do: hand-written servers send it. Where the answer
 * ends may be unclear to another reader, so that nothing may follow it.
 */
const irregular: Difference[] = [
  {
    what: 'a bare LF behind a line of a head',
    why: 'RFC 9112 §2.2 allows a client to take it for a line end',
    explains: readOnce(
      /(?:^|[^\r])\n/,
      ...['HPE_CR_EXPECTED', 'HPE_INVALID_HEADER_TOKEN', 'HPE_INVALID_STATUS'],
    ),
  },
  {
    what: 'the same length twice',
    why: 'RFC 9112 §6.3 allows a client to take it for one',
    explains: readOnce(
      /content-length:(?:[^\r\n]*,|[\s\S]*content-length:)/i,
      ...['HPE_UNEXPECTED_CONTENT_LENGTH', 'HPE_INVALID_CONTENT_LENGTH'],
    ),
  },
  {
    what: 'a length beside chunks',
    why: 'RFC 9112 §6.3: the chunks take precedence',
    explains: readOnce(
      /transfer-encoding:[\s\S]*content-length:|content-length:[\s\S]*transfer-encoding:/i,
      ...['HPE_UNEXPECTED_CONTENT_LENGTH', 'HPE_INVALID_TRANSFER_ENCODING'],
      'HPE_INVALID_CONTENT_LENGTH',
    ),
  },
  {
    what: 'a length in an interim answer',
    why: 'RFC 9110 §15.2: no interim answer has a body; llhttp takes the next bytes for one',
    explains: (ours, _theirs, answer) =>
      !ours.isReusable &&
      /HTTP\/1\.[01] 1\d\d[^\n]*\n(?:[^\r\n]+\r?\n)*?content-length:/i.test(answer),
  },
  {
    what: 'blanks around a chunk size and its extensions, and empty extensions',
    why: 'RFC 9112 §7.1.1 has servers that send them; they mean nothing',
    explains: readOnce(/\n[\da-f]+[\t ;][^\n]*\r\n/i, 'HPE_INVALID_CHUNK_SIZE', 'HPE_STRICT'),
  },
  {
    what: 'a field in the trailers that frames a body',
    why: 'trailers are ignored; llhttp refuses a length there and ignores a coding',
    explains: (ours, theirs, answer) =>
      !ours.isReusable &&
      (ours.verdict !== theirs.verdict || theirs.isReusable) &&
      /\n0[\s\S]*(?:content-length|transfer-encoding):/i.test(answer),
  },
]

/** What llhttp refuses and we accept: none of it can change where an answer ends. */
const laxer: Difference[] = [
  {
    what: 'connection: close in an interim answer, with the final one behind it',
    why: 'the field concerns the final answer; llhttp expects nothing behind it',
    explains: onlyLlhttpFails('HPE_CLOSED_CONNECTION'),
  },
  {
    what: 'proxy-connection: close',
    why: 'RFC 9112 (appendix C.2.2) gives the field no meaning; llhttp does not reuse the connection',
    explains: (ours, theirs) =>
      ours.isReusable && !theirs.isReusable && 'proxy-connection' in theirs.headers,
  },
  {
    what: 'a tab behind a value that frames the body or the connection',
    why: 'RFC 9110 §5.5 removes it from the value; llhttp does not know the value with it',
    explains: (_ours, _theirs, answer) =>
      /^(transfer-encoding|connection|content-length):.*\t *\r?$/im.test(answer),
  },
  {
    what: 'control characters in a header value',
    why: 'only printable ASCII of a header is forwarded (wire/headers/safe-headers.ts)',
    explains: onlyLlhttpFails('HPE_INVALID_HEADER_TOKEN'),
  },
]

export const differences: readonly Difference[] = [...stricter, ...irregular, ...laxer]
