import { describe, expect, it } from 'vitest'
import { bytesOf, chunked, inPieces, read } from './parsing.ts'

describe('what is no answer is refused', () => {
  const long = 'a'.repeat(70_000)
  it.each([
    [
      'another protocol',
      'SSH-2.0-OpenSSH_9.9\r\n\r\n',
      'expected an HTTP/1.1 status line, got "SSH-2.0-Open',
    ],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'expected an HTTP/1.1 status line, got "HTTP/2 200"'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', 'expected an HTTP/1.1 status line'],
    ['no status', 'HTTP/1.1\r\n\r\n', 'expected an HTTP/1.1 status line'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'expected an HTTP/1.1 status line'],
    ['a status below 100', 'HTTP/1.1 099 No\r\n\r\n', 'expected an HTTP/1.1 status line'],
    ['no status line', 'x: y\r\n\r\n', 'expected an HTTP/1.1 status line, got "x: y"'],
    ['a long line', `${long.slice(0, 99)}\r\n\r\n`, `status line, got "${long.slice(0, 60)}"`],
    ['another protocol to switch to', 'HTTP/1.1 101 Yes\r\n\r\n', 'switched to another protocol'],
    [
      'a header without a colon',
      'HTTP/1.1 200 OK\r\nnothing\r\n\r\n',
      'expected a header field, got "nothing"',
    ],
    [
      'a header without a name',
      'HTTP/1.1 200 OK\r\n: y\r\n\r\n',
      'expected a header field, got ": y"',
    ],
    [
      'space before the colon',
      'HTTP/1.1 200 OK\r\nx : y\r\n\r\n',
      'expected a header field, got "x : y"',
    ],
    [
      'a folded header',
      'HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n',
      'expected a header field, got " z"',
    ],
    [
      'CR in a header',
      'HTTP/1.1 200 OK\r\nx: y\rz: a\r\n\r\n',
      'expected a header field, got "x: y\\rz: a"',
    ],
    [
      'two lengths',
      lengths('5\r\ncontent-length: 6'),
      'content-length: expected one number, got "5, 6"',
    ],
    ['two lengths in a line', lengths('5, 6'), 'content-length: expected one number, got "5, 6"'],
    ['a length below 0', lengths('-1'), 'content-length: expected one number, got "-1"'],
    ['a length in another form', lengths('0x5'), 'content-length: expected one number, got "0x5"'],
    [
      'a length beyond bounds',
      lengths('1'.repeat(16)),
      'content-length: expected one number, got "1111',
    ],
    [
      'gzip for transfer',
      transfer('gzip, chunked'),
      'transfer-encoding: expected chunked, got "gzip, chunked"',
    ],
    ['chunks in chunks', transfer('chunked, chunked'), 'transfer-encoding: expected chunked'],
    ['no encoding', transfer(''), 'transfer-encoding: expected chunked, got ""'],
    ['a chunk without a size', `${chunked}\r\nhello`, 'expected a chunk size'],
    ['a size that is no number', `${chunked}5x\r\nhello`, 'expected a chunk size'],
    ['a size below 0', `${chunked}-5\r\nhello`, 'expected a chunk size'],
    ['a second chunk without a size', `${chunked}1\r\na\r\n\r\n`, 'expected a chunk size'],
    ['a chunk longer than its size', `${chunked}5\r\nhello!\r\n`, 'longer than its size'],
    ['CR without LF behind a chunk', `${chunked}5\r\nhello\r\r\n`, 'longer than its size'],
    ['a size beyond bounds', `${chunked}20000000000000\r\n`, 'a chunk size is too large'],
    ['an endless size', `${chunked}${long.slice(0, 900)}`, 'a chunk size is too large'],
    ['an endless extension', `${chunked}5;${long}`, 'a chunk extension is too long'],
    [
      'a line of headers without end',
      `HTTP/1.1 200 OK\r\nx: ${long}`,
      'the headers are longer than',
    ],
    [
      'headers without end',
      `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(12_000)}`,
      'the headers are longer than',
    ],
    [
      'interim answers without end',
      'HTTP/1.1 102 Processing\r\n\r\n'.repeat(101),
      'more than 100 interim responses',
    ],
    ['a first line without end', long, 'the headers are longer than'],
    ['a trailer without end', `${chunked}0\r\nx: ${long}`, 'the trailers are longer than'],
    [
      'trailers without end',
      `${chunked}0\r\n${'x: y\r\n'.repeat(12_000)}`,
      'the trailers are longer than',
    ],
    ['trailers of CR', `${chunked}0\r\n${'\r'.repeat(70_000)}`, 'the trailers are longer than'],
  ])('%s', (_what, text, message) => {
    expect(() => read([bytesOf(text)])).toThrow(message)
    const size = Math.ceil(text.length / 200)
    expect(() => read(inPieces(text, size))).toThrow(message)
  })

  it('takes headers, extensions and trailers that are long', () => {
    const some = 'a'.repeat(4_000)
    const many = `x: ${some}\r\n`.repeat(15)
    const text = `${chunked.slice(0, -2)}${many}\r\n1;${some}\r\n!\r\n0\r\n${many}\r\n`
    const whole = [{ body: '!', ended: true }]
    expect(read([bytesOf(text)]).answers).toMatchObject(whole)
    expect(read(inPieces(text, 999)).answers).toMatchObject(whole)
  })
})

function lengths(value: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${value}\r\n\r\nhello`
}

function transfer(value: string): string {
  return `HTTP/1.1 200 OK\r\ntransfer-encoding: ${value}\r\n\r\nhello`
}
