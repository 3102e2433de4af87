import { describe, expect, it } from 'vitest'
import { findAll } from '../../../../src/wire/pass-through/find-all.ts'
import {
  boundaryOf,
  multipartType,
  parseMultipart,
  textOfPart,
  withField,
} from '../../../../src/wire/pass-through/multipart.ts'
import { rewrittenForm } from '../../../../src/wire/pass-through/multipart-write.ts'

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'))
const part = (head: string, content: string) => `--b\r\n${head}\r\n\r\n${content}\r\n`
const field = (name: string, content: string) =>
  part(`Content-Disposition: form-data; name="${name}"`, content)

describe('a form', () => {
  it('has the fields and files that other clients write', async () => {
    const form = new FormData()
    form.set('model', 'größer')
    form.set('file', new Blob([new Uint8Array([13, 10, 45, 45, 0, 255])]), 'a "b".mp3')
    form.set('empty', '')
    const sent = new Request('http://x/', { method: 'POST', body: form })
    const body = new Uint8Array(await sent.arrayBuffer())
    const boundary = boundaryOf(sent.headers.get('content-type') ?? '')
    const parts = parseMultipart(body, boundary)
    expect(parts.map(({ name, isFile }) => [name, isFile])).toEqual([
      ['model', false],
      ['file', true],
      ['empty', false],
    ])
    const [model, file, empty] = parts
    expect(model && textOfPart(body, model)).toBe('größer')
    expect(file && [...body.subarray(file.start, file.end)]).toEqual([13, 10, 45, 45, 0, 255])
    expect(empty && textOfPart(body, empty)).toBe('')
  })

  it('is read as curl writes it, with an escaped file name', () => {
    const head =
      'Content-Disposition: form-data; name="file"; filename="a\\"; \\"model.mp3"\r\nContent-Type: audio/mpeg'
    const [file, ...more] = parseMultipart(bytes(`${part(head, 'x')}--b--\r\n`), 'b')
    expect(file).toMatchObject({ name: 'file', isFile: true, filename: 'a"; "model.mp3' })
    expect(more).toEqual([])
  })

  it('gets another text in one field, and changes nowhere else', () => {
    const body = bytes(`${field('a', '1')}${field('model', 'old')}${field('z', '2')}--b--\r\n`)
    const model = parseMultipart(body, 'b').find(({ name }) => name === 'model')
    const text = Buffer.from(withField(body, 'b', model, 'model', 'new')).toString()
    expect(text).toBe(`${field('a', '1')}${field('model', 'new')}${field('z', '2')}--b--\r\n`)
  })

  it('gets a field that it has not', () => {
    const body = bytes(`${field('a', '1')}--b--`)
    const added = withField(body, 'b', undefined, 'model', 'new') as Uint8Array<ArrayBuffer>
    const parts = parseMultipart(added, 'b')
    expect(parts.map(({ name }) => name)).toEqual(['model', 'a'])
    expect(parts[0] && textOfPart(added, parts[0])).toBe('new')
  })

  it.each([
    '',
    '--b--',
    'x\r\n--b--',
    '--b\r\n\r\n--b--',
    `${field('a', '1')}--b`,
    `${field('a', '1')}--b-- x`,
    `${field('a', 'x--b')}--b--`,
    `${field('a', 'x\n--b')}--b--`,
    `${field('a', 'x--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nbig')}--b--`,
    `${field('a', '1').replace('--b', '--bc')}--b--`,
    `${part('content-disposition: attachment; name="a"', '')}--b--`,
    `${part('content-type: text/plain', '')}--b--`,
    `${part('content-disposition: form-data; name="a"\r\ncontent-disposition: form-data; name="b"', '')}--b--`,
    `--b\r\nx: ${'y'.repeat(5_000)}\r\n\r\n\r\n--b--`,
    ...[
      'name="a"; x="b"',
      'x="b; name=model; c="; name="a"',
      'filename="b; name=model; c="; name="a"',
      'name="a"; filename="b;NAME = model"',
      'name="a"; filename="b\\"; name=\\"model"',
      'name="a"; filename="b; \\"name\\"=model"',
      'name="b; filename=a"',
      'name="a"; name*0="model"',
      'name="=?utf-8?q?model?="',
      'name="model\0"',
      'name="model"; filename="\x0b"',
      'name=""',
      'name="a"\r\ncontent-type: text/plain; charset=utf-16',
      'name="a"\r\ncontent-type: text/plain; charset=utf-8; charset*=utf-7',
      'name="a"\r\ncontent-type: multipart/mixed; boundary=c',
      'name="a"\r\ncontent-type: text/plain\r\nContent-Type : text/html',
    ].map((head) => `${part(`content-disposition: form-data; ${head}`, 'x')}--b--`),
  ])('is refused where parsers may differ: %j', (body) => {
    // An empty form has nothing to read differently.
    if (body === '--b--') expect(parseMultipart(bytes(body), 'b')).toEqual([])
    else expect(() => parseMultipart(bytes(body), 'b')).toThrow(/^body: expected multipart/)
  })

  it('with a byte order mark in a name has another name', () => {
    const [only] = parseMultipart(bytes(`${field('\xef\xbb\xbfmodel', '1')}--b--`), 'b')
    expect(only?.name).toBe('\ufeffmodel')
  })

  it('is written anew with the same fields, files and bytes', () => {
    const file = part(
      'Content-Type: Audio/WAV; a="b"\r\nX-Own: 1\r\nCONTENT-DISPOSITION: form-data; filename="\xc3\xa4\\"\\\\.wav"; name=file',
      '\0\xff\r\n',
    )
    const text = part('content-disposition: form-data; name="a"\r\ncontent-type: text/plain', '1')
    const body = bytes(`${text}${file}--b--`)
    const parts = parseMultipart(body, 'b')
    const head = 'content-disposition: form-data; name='
    const written = (model?: string) =>
      Buffer.from(rewrittenForm(body, 'b', parts, model)).toString('latin1')
    const same =
      part(`${head}"a"`, '1') +
      part(`${head}"file"; filename="\xc3\xa4%22%5C.wav"\r\ncontent-type: audio/wav`, '\0\xff\r\n')
    expect(written()).toBe(`${same}--b--\r\n`)
    expect(written('m')).toBe(`${part(`${head}"model"`, 'm')}${same}--b--\r\n`)
  })

  it('is read in a time that grows with its length alone', () => {
    const hostile = '; filename="a"'.repeat(250)
    const body = bytes(`${part(`content-disposition: form-data${hostile}; name="`, '')}--b--`)
    const began = performance.now()
    expect(() => parseMultipart(body, 'b')).toThrow()
    expect(performance.now() - began).toBeLessThan(1_000)
  })

  it('whose field is no UTF-8 is refused', () => {
    const body = bytes(`${field('a', '\xff')}--b--`)
    const [only] = parseMultipart(body, 'b')
    expect(() => only && textOfPart(body, only)).toThrow(/^a: expected UTF-8/)
  })
})

describe('a boundary', () => {
  it.each([
    ['multipart/form-data; boundary=abc', 'abc', 'multipart/form-data; boundary=abc'],
    ['multipart/form-data;BOUNDARY="a b"', undefined, ''],
    ['multipart/form-data; boundary="a:b"', 'a:b', 'multipart/form-data; boundary="a:b"'],
    ['multipart/form-data; boundary=a; boundary=b', undefined, ''],
    ['multipart/form-data', undefined, ''],
    [`multipart/form-data; boundary=${'a'.repeat(71)}`, undefined, ''],
  ])('of %j', (type, expected, written) => {
    if (expected === undefined) {
      expect(() => boundaryOf(type)).toThrow(/^content-type: expected/)
      return
    }
    expect(boundaryOf(type)).toBe(expected)
    expect(multipartType(expected)).toBe(written)
  })
})

describe('every place of some bytes', () => {
  it.each([
    ['aabaabaaab', 'aab', [0, 3, 7]],
    ['------', '--', [0, 2, 4]],
    ['-----x', '---x', [2]],
    ['ababac', 'abac', [2]],
    ['abc', 'x', []],
    ['', 'x', []],
  ])('of %j: %j', (text, wanted, expected) => {
    expect(findAll(bytes(text), bytes(wanted), 100)).toEqual(expected)
  })

  it('is found in a time that grows with the length alone', () => {
    const wanted = bytes(`${'-'.repeat(70)}x`)
    for (const unit of ['-', '-x', `${'-'.repeat(69)}x`, `-${'x'.repeat(40)}`]) {
      const hostile = bytes(unit.repeat(4_000_000 / unit.length))
      const began = performance.now()
      expect(findAll(hostile, wanted, 100)).toEqual([])
      expect(performance.now() - began).toBeLessThan(2_000)
    }
  })

  it('also behind many beginnings of it', () => {
    const text = `${'-x'.repeat(3_000)}--b${'y'.repeat(5_000)}--b${'-'.repeat(2_000)}-b`
    expect(findAll(bytes(text), bytes('--b'), 100)).toEqual([6_000, 11_003, 13_005])
  })

  it('at most as often as asked', () => {
    expect(findAll(bytes('aaaa'), bytes('a'), 2)).toEqual([0, 1])
  })
})
