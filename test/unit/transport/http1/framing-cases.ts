/** Answers of a server in all the ways in which HTTP/1.1 can be framed, or broken. */

/** The bytes of an answer as ISO 8859-1, by what is special about it. */
export type FramingCases = Readonly<Record<string, string>>

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`
const END = '0\r\n\r\n'
const HELLO = `5\r\nhello\r\n${END}`

const sized = (line: string) => `${CHUNKED}${line}\r\nhello\r\n${END}`
const head = (...lines: string[]) => `${OK}${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const five = (...lines: string[]) => `${head('content-length: 5', ...lines)}hello`

const chunkSizes: FramingCases = {
  plain: sized('5'),
  'upper case': `${CHUNKED}A\r\n0123456789\r\n${END}`,
  'zeros before it': sized('0000005'),
  'an extension': sized('5;a'),
  'an extension with a value': sized('5;a=b'),
  'an extension with a quoted value': sized('5;a="b c"'),
  'a quoted value with a semicolon': sized('5;a="b;c"'),
  'a quoted value with an escape': sized('5;a="b\\"c"'),
  'a quoted value that does not end': sized('5;a="b'),
  'two extensions': sized('5;a=b;c=d'),
  'an extension without a name': sized('5;'),
  'a space before an extension': sized('5 ;a=b'),
  'a tab before an extension': sized('5\t;a=b'),
  'a space in an extension': sized('5; a=b'),
  'spaces around the equals sign': sized('5;a = b'),
  'a control character in an extension': sized('5;a=\x01'),
  'a character beyond ASCII in an extension': sized('5;a=\xe9'),
  'an extension of 5,000 bytes': sized(`5;${'a'.repeat(5_000)}`),
  'an extension of 20,000 bytes': sized(`5;${'a'.repeat(20_000)}`),
  'a space after it': sized('5 '),
  'a space before it': sized(' 5'),
  'a tab before it': sized('\t5'),
  'a tab after it': sized('5\t'),
  'text after a space': sized('5 x'),
  'a plus sign': sized('+5'),
  'a minus sign': sized('-5'),
  '0x': sized('0x5'),
  'an underscore': sized('0_5'),
  'a comma': sized('5,5'),
  'no digit': sized(''),
  'a letter that is no digit': sized('g'),
  '16 digits': sized('0000000000000005'),
  '17 digits': sized('00000000000000005'),
  'a value of 2^53': `${CHUNKED}20000000000000\r\nhello`,
  'a value of 2^64': `${CHUNKED}10000000000000000\r\nhello`,
  'a value of 2^64 + 5': `${CHUNKED}10000000000000005\r\nhello\r\n${END}`,
}

const chunkLines: FramingCases = {
  'a bare LF after a size': `${CHUNKED}5\nhello\r\n${END}`,
  'a bare CR after a size': `${CHUNKED}5\rhello\r\n${END}`,
  'a CR and a letter after a size': `${CHUNKED}5\rX\nhello\r\n${END}`,
  'two CRs after a size': `${CHUNKED}5\r\r\nhello\r\n${END}`,
  'a bare LF after an extension': `${CHUNKED}5;a\nhello\r\n${END}`,
  'a bare CR in an extension': `${CHUNKED}5;a\rb\r\nhello\r\n${END}`,
  'a bare LF after the data': `${CHUNKED}5\r\nhello\n${END}`,
  'a bare CR after the data': `${CHUNKED}5\r\nhello\r${END}`,
  'nothing after the data': `${CHUNKED}5\r\nhello${END}`,
  'two CRs after the data': `${CHUNKED}5\r\nhello\r\r\n${END}`,
  'a bare LF after the last size': `${CHUNKED}5\r\nhello\r\n0\n\r\n`,
  'a bare LF at the end': `${CHUNKED}5\r\nhello\r\n0\r\n\n`,
  'a bare CR at the end': `${CHUNKED}5\r\nhello\r\n0\r\n\r`,
  'a CR and a letter at the end': `${CHUNKED}5\r\nhello\r\n0\r\n\rx`,
  'a chunk longer than its size': `${CHUNKED}4\r\nhello\r\n${END}`,
  'a chunk shorter than its size': `${CHUNKED}6\r\nhello\r\n${END}`,
  'an end in a chunk': `${CHUNKED}5\r\nhel`,
  'an end after a chunk': `${CHUNKED}5\r\nhello\r\n`,
  'an end before the last line': `${CHUNKED}5\r\nhello\r\n0\r\n`,
  'no chunk': `${CHUNKED}${END}`,
  'a chunk of every byte': `${CHUNKED}100\r\n${Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')}\r\n${END}`,
  'a thousand chunks of a byte': `${CHUNKED}${'1\r\nx\r\n'.repeat(1_000)}${END}`,
}

const trailer = (text: string) => `${CHUNKED}5\r\nhello\r\n0\r\n${text}`

const trailers: FramingCases = {
  one: trailer('a: b\r\n\r\n'),
  two: trailer('a: b\r\nc: d\r\n\r\n'),
  'a bare LF after one': trailer('a: b\n\r\n'),
  'a bare CR after one': trailer('a: b\rc: d\r\n\r\n'),
  'a bare CR within a value': trailer('a: b\rc\r\n\r\n'),
  'a bare LF after the last': trailer('a: b\r\n\n'),
  'no colon': trailer('a b\r\n\r\n'),
  'no name': trailer(': b\r\n\r\n'),
  'a space before the colon': trailer('a : b\r\n\r\n'),
  'a line that is folded': trailer('a: b\r\n c\r\n\r\n'),
  'a NUL in a value': trailer('a: b\0c\r\n\r\n'),
  'content-length': trailer('content-length: 7\r\n\r\n'),
  'transfer-encoding': trailer('transfer-encoding: chunked\r\n\r\n'),
  '1 MB of them': trailer(`${'a: b\r\n'.repeat(170_000)}\r\n`),
  'one of 100 kB': trailer(`a: ${'b'.repeat(100_000)}\r\n\r\n`),
}

const statusLines: FramingCases = {
  plain: five(),
  'no reason': five().replace(' OK', ''),
  'an empty reason': five().replace('OK', ''),
  'a reason beyond ASCII': five().replace('OK', '\xe9\xff'),
  'a control character in the reason': five().replace('OK', 'O\x01K'),
  'a NUL in the reason': five().replace('OK', 'O\0K'),
  'HTTP/1.0': five().replace('1.1', '1.0'),
  'HTTP/1.2': five().replace('1.1', '1.2'),
  'HTTP/0.9': five().replace('1.1', '0.9'),
  'HTTP/2.0': five().replace('1.1', '2.0'),
  'HTTP/1': five().replace('1.1', '1'),
  'HTTP/11': five().replace('1.1', '11'),
  'HTTP/1.10': five().replace('1.1', '1.10'),
  'lower case': five().replace('HTTP', 'http'),
  'another protocol': five().replace('HTTP', 'ICY'),
  'two spaces': five().replace(' 200', '  200'),
  'a tab': five().replace(' 200', '\t200'),
  'a space before it': ` ${five()}`,
  'an empty line before it': `\r\n${five()}`,
  'a bare LF before it': `\n${five()}`,
  'three empty lines before it': `\r\n\r\n\r\n${five()}`,
  'two digits': five().replace('200', '20'),
  'four digits': five().replace('200', '2000'),
  'status 000': five().replace('200', '000'),
  'status 099': five().replace('200', '099'),
  'status 600': five().replace('200', '600'),
  'status 999': five().replace('200', '999'),
  'a sign': five().replace('200', '+20'),
  'a bare LF at its end': five().replace('OK\r\n', 'OK\n'),
  'a bare CR at its end': five().replace('OK\r\n', 'OK\r'),
  'two CRs at its end': five().replace('OK\r\n', 'OK\r\r\n'),
  'a bare CR in the reason': five().replace('OK', 'O\rK'),
  nothing: '',
  'an empty line': '\r\n',
  garbage: 'garbage\r\n\r\n',
  'TLS bytes': '\x16\x03\x01\x00\x05hello',
}

const fields: FramingCases = {
  'a bare LF after one': five('a: b').replace('a: b\r\n', 'a: b\n'),
  'a bare CR after one': five('a: b').replace('a: b\r\n', 'a: b\r'),
  'a bare CR within a value': five('a: b\rc'),
  'a bare CR before a line end': five('a: b\r'),
  'a bare LF at the end of the head': five().replace('\r\n\r\n', '\r\n\n'),
  'two bare LFs at the end of the head': five().replace('\r\n\r\n', '\n\n'),
  'a bare CR at the end of the head': five().replace('\r\n\r\n', '\r\n\rX'),
  'no colon': five('a b'),
  'no name': five(': b'),
  'no value': five('a:'),
  'a space before the colon': five('a : b'),
  'a tab before the colon': five('a\t: b'),
  'a space before the first name': head(' a: b', 'content-length: 5').concat('hello'),
  'a space before a name': five(' a: b'),
  'a folded line': five('a: b', ' c'),
  'a folded content-length': `${head('content-length:', ' 5')}hello`,
  'a NUL in a name': five('a\0b: c'),
  'a NUL in a value': five('a: b\0c'),
  'a control character in a value': five('a: b\x01c'),
  'DEL in a value': five('a: b\x7fc'),
  'a tab in a value': five('a: b\tc'),
  'a character beyond ASCII in a value': five('a: \xe9'),
  'a character beyond ASCII in a name': five('\xe9: a'),
  'brackets in a name': five('(a): b'),
  'a name of 10,000 characters': five(`${'a'.repeat(10_000)}: b`),
  'a value of 1 MB': five(`a: ${'b'.repeat(1_000_000)}`),
  '10,000 of them': five(...Array<string>(10_000).fill('abcd: efgh')),
}

const lengths: FramingCases = {
  none: `${head('a: b')}hello`,
  empty: `${head('content-length:')}hello`,
  zero: head('content-length: 0'),
  'zeros before it': `${head('content-length: 005')}hello`,
  'a plus sign': `${head('content-length: +5')}hello`,
  'a minus sign': `${head('content-length: -5')}hello`,
  'a decimal point': `${head('content-length: 5.0')}hello`,
  hexadecimal: `${head('content-length: 0x5')}hello`,
  'a letter': `${head('content-length: 5a')}hello`,
  'a space within': `${head('content-length: 5 5')}hello`,
  'a space after it': `${head('content-length: 5 ')}hello`,
  'a tab before it': `${head('content-length:\t5')}hello`,
  'no space before it': `${head('content-length:5')}hello`,
  'a list of the same': `${head('content-length: 5, 5')}hello`,
  'a list of different ones': `${head('content-length: 5, 6')}hello`,
  'the same twice': `${head('content-length: 5', 'content-length: 5')}hello`,
  'different ones': `${head('content-length: 5', 'content-length: 6')}hello!`,
  'different ones, one empty': `${head('content-length: 5', 'content-length:')}hello`,
  'an empty one first': `${head('content-length:', 'content-length: 5')}hello`,
  '2^53': `${head('content-length: 9007199254740992')}hello`,
  '2^64 + 5': `${head('content-length: 18446744073709551621')}hello`,
  'more than comes': `${head('content-length: 6')}hello`,
  'less than comes': `${head('content-length: 4')}hello`,
}

const codings: FramingCases = {
  chunked: head('transfer-encoding: chunked') + HELLO,
  'in upper case': head('Transfer-Encoding: CHUNKED') + HELLO,
  'a space after it': head('transfer-encoding: chunked ') + HELLO,
  twice: head('transfer-encoding: chunked', 'transfer-encoding: chunked') + HELLO,
  'twice in a list': head('transfer-encoding: chunked, chunked') + HELLO,
  'after gzip': head('transfer-encoding: gzip, chunked') + HELLO,
  'before gzip': head('transfer-encoding: chunked, gzip') + HELLO,
  'gzip alone': `${head('transfer-encoding: gzip')}hello`,
  'after gzip in a field before':
    head('transfer-encoding: gzip', 'transfer-encoding: chunked') + HELLO,
  identity: `${head('transfer-encoding: identity')}hello`,
  'identity with a length': `${head('transfer-encoding: identity', 'content-length: 5')}hello`,
  'identity, then chunked':
    head('transfer-encoding: identity', 'transfer-encoding: chunked') + HELLO,
  'chunked, then identity':
    head('transfer-encoding: chunked', 'transfer-encoding: identity') + HELLO,
  'a comma after it': head('transfer-encoding: chunked,') + HELLO,
  'a comma before it': head('transfer-encoding: ,chunked') + HELLO,
  'a parameter': head('transfer-encoding: chunked;a=b') + HELLO,
  'in quotes': head('transfer-encoding: "chunked"') + HELLO,
  'a letter more': head('transfer-encoding: xchunked') + HELLO,
  'a vertical tab before it': head('transfer-encoding: \x0bchunked') + HELLO,
  empty: `${head('transfer-encoding:')}hello`,
  'empty with a length': `${head('transfer-encoding:', 'content-length: 5')}hello`,
  'with a length before it': head('content-length: 5', 'transfer-encoding: chunked') + HELLO,
  'with a length after it': head('transfer-encoding: chunked', 'content-length: 5') + HELLO,
  'on HTTP/1.0': (head('transfer-encoding: chunked') + HELLO).replace('1.1', '1.0'),
  'a space before its colon': `${head('transfer-encoding : chunked', 'content-length: 5')}hello`,
}

const bodiless: FramingCases = {
  '204': head().replace('200', '204'),
  '204 with a length': head('content-length: 5').replace('200', '204'),
  '204 with a body': five().replace('200', '204'),
  '204 with chunks': (head('transfer-encoding: chunked') + HELLO).replace('200', '204'),
  '304 with a length': head('content-length: 5').replace('200', '304'),
  '304 with a body': five().replace('200', '304'),
  '205 with a body': five().replace('200', '205'),
}

const continued = 'HTTP/1.1 100 Continue\r\n\r\n'

const interim: FramingCases = {
  '100': continued + five(),
  '103 with fields': `HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n${five()}`,
  '102 with a length': `HTTP/1.1 102 Processing\r\ncontent-length: 3\r\n\r\n${five()}`,
  '199': `HTTP/1.1 199 X\r\n\r\n${five()}`,
  '101': `HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n${five()}`,
  'an end after it': continued,
}

const after: FramingCases = {
  'another answer': five() + five().replaceAll('hello', 'other'),
  'another answer after chunks': CHUNKED + HELLO + five().replaceAll('hello', 'other'),
  'a byte': `${five()}x`,
  'an empty line': `${five()}\r\n`,
  'an interim answer': `${five()}HTTP/1.1 100 Continue\r\n\r\n`,
  'an answer after 204': head().replace('200', '204') + five().replaceAll('hello', 'other'),
  'an answer after 304': five().replace('200', '304') + five().replaceAll('hello', 'other'),
  'an answer after close': five('connection: close') + five().replaceAll('hello', 'other'),
  'HTTP/1.0 that keeps alive': five('connection: keep-alive').replace('1.1', '1.0'),
}

/** The cases by what they are about. */
export const FRAMING: Readonly<Record<string, FramingCases>> = {
  'a chunk size with': chunkSizes,
  'chunks with': chunkLines,
  'trailers:': trailers,
  'a status line:': statusLines,
  'header fields:': fields,
  'content-length:': lengths,
  'transfer-encoding:': codings,
  'an answer without a body:': bodiless,
  'an interim answer:': interim,
  'after an answer:': after,
}
