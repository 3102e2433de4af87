import { mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postChat, readStream } from '../support/read.ts'
import { type HostName, runToEnd, startServer } from '../support/server.ts'

/** Settings that lie in a file, and change while it runs. */
export function settingsFile(host: HostName): void {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-settings-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function write(name: string, content: unknown): Promise<string> {
    const path = join(folder, name)
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
    await writeFile(`${path}.new`, text)
    // As editors and tools do it: at no moment is there half a file.
    await rename(`${path}.new`, path)
    return path
  }

  async function sentence(base: string): Promise<string> {
    return (await readStream(await postChat(base, { model: 'static' }))).text
  }

  it('go behind the environment and flags, and before the defaults', async () => {
    const settings = { $schema: 'x', staticText: 'file', staticDelay: '0ms', maxBody: '2kB' }
    const path = await write('order.json', settings)
    await using server = await startServer(host, ['--config', path])
    expect(await sentence(server.base)).toBe('file')
    const large = await postChat(server.base, { user: 'x'.repeat(3_000) })
    expect(large.status).toBe(413)
    await large.body?.cancel()
    await using other = await startServer(host, [], {
      SLUICE_CONFIG_FILE: path,
      SLUICE_STATIC_TEXT: 'variable',
    })
    expect(await sentence(other.base)).toBe('variable')
  })

  it('are followed: new requests get the new ones, a stream that runs goes on', async () => {
    const old = { staticText: 'one two three four five six', staticDelay: 250 }
    const path = await write('followed.json', old)
    await using server = await startServer(host, ['--config', path])
    const running = readStream(await postChat(server.base, { model: 'static' }))
    await write('followed.json', { staticText: 'new', staticDelay: 0 })
    await server.untilStderr('followed.json was read again, and its settings are in force\n')
    expect(await sentence(server.base)).toBe('new')
    const { text, outcome, problems } = await running
    expect({ text, outcome, problems }).toEqual({
      text: old.staticText,
      outcome: 'finished',
      problems: [],
    })
    // The former ones are drained, not forgotten: the log has both.
    await server.nextLog(({ tokens }) => tokens === 6)
    expect(await server.stop()).toBe(0)
  })

  it('that are garbage are refused, and those in force stay', async () => {
    const path = await write('garbage.json', { staticText: 'kept', staticDelay: 0 })
    await using server = await startServer(host, ['--config', path])
    await write('garbage.json', '{\n  "staticText": "lost",\n  "staticDelay": ]\n}')
    await server.untilStderr(/garbage\.json:3: expected a value, got "\]"\. The settings/)
    expect(await sentence(server.base)).toBe('kept')
    await write('garbage.json', '{\n  "staticText": "lost",\n\n  "heartbeat": "soon"\n}')
    await server.untilStderr(/garbage\.json:4: heartbeat: expected a time .*, got "soon"\. The/)
    expect(await sentence(server.base)).toBe('kept')
    await rm(path)
    await server.untilStderr(
      /garbage\.json: expected a settings file, got .* The settings in force do not change/,
    )
    expect(await sentence(server.base)).toBe('kept')
    await write('garbage.json', { staticText: 'again', staticDelay: 0 })
    await server.untilStderr('was read again')
    expect(await sentence(server.base)).toBe('again')
  })

  it('that are no text, too large or no file are refused, and those in force stay', async () => {
    const path = await write('hostile.json', { staticText: 'kept', staticDelay: 0 })
    await using server = await startServer(host, ['--config', path])
    await writeFile(path, Buffer.from([0x7b, 0x0a, 0xff, 0x7d]))
    await server.untilStderr(/hostile\.json:2: expected text in UTF-8, .* settings in force do not/)
    await truncate(path, 100_000_000)
    await server.untilStderr(/hostile\.json: expected at most 16 MiB, .* settings in force do not/)
    await rm(path)
    await mkdir(path)
    await server.untilStderr(/expected a file, got a directory; .* settings in force do not change/)
    expect(await sentence(server.base)).toBe('kept')
    await rm(path, { recursive: true })
    await write('hostile.json', { staticText: 'again', staticDelay: 0 })
    await server.untilStderr('was read again')
    expect(await sentence(server.base)).toBe('again')
  })

  it('are read anew on SIGHUP, which is no end', async () => {
    const path = await write('signal.json', { staticText: 'same', staticDelay: 0 })
    await using server = await startServer(host, ['--config', path])
    process.kill(server.supervisor, 'SIGHUP')
    await server.untilStderr('signal.json was read again')
    expect(await sentence(server.base)).toBe('same')
  })

  it('keep what a server that runs cannot change, and say so', async () => {
    const path = await write('fixed.json', { staticDelay: 0, staticText: 'a' })
    await using server = await startServer(host, ['--config', path])
    await write('fixed.json', { staticDelay: 0, staticText: 'b', host: '127.0.0.2' })
    await server.untilStderr('are in force (host: only after a restart)')
    expect(await sentence(server.base)).toBe('b')
  })

  it('of keys are followed: one that is taken out is refused at once', async () => {
    const hash = `sha256:${'0'.repeat(64)}`
    const path = await write('keys.json', {})
    await using server = await startServer(host, ['--config', path])
    expect((await fetch(`${server.base}/models`)).status).toBe(200)
    await write('keys.json', { keys: [{ name: 'ann', hash }] })
    await server.untilStderr('was read again')
    expect((await fetch(`${server.base}/models`)).status).toBe(401)
  })

  it('may have comments and trailing commas, and former names, which it warns of', async () => {
    const path = await write(
      'commented.json',
      '{\n  // what it says\n  "staticText": "said", /* at once */ "staticDelay": 0,\n  "streams": 4,\n}',
    )
    await using server = await startServer(host, ['--config', path, '--larger', 'a=b'])
    expect(await sentence(server.base)).toBe('said')
    await server.untilStderr('Warning: --larger is deprecated: use --context-fallback instead.\n')
    await server.untilStderr(
      /Warning: .*commented\.json:4: streams is deprecated: use maxConcurrency instead\.\n/,
    )
  })

  describe('that are wrong at the start end it with one line', () => {
    it.each<[string, string, RegExp]>([
      [
        'an unknown name',
        '{\n"prot": 1\n}',
        /:2: prot: there is no such setting\. Did you mean port\?\n$/,
      ],
      [
        'a wrong value',
        '{"host": "::1",\n"port": "x"}',
        /:2: port: expected a port .*, got "x"\.\n$/,
      ],
      [
        'a wrong part',
        '{"keys": [\n{"name": "a",\n"hash": "no"}]}',
        /:3: keys\[0\]\.hash: expected "sha256:"/,
      ],
      [
        'what does not fit',
        '{"upstream": ["http://a"],\n"lenient": ["b"]}',
        /:2: lenient: expected the label/,
      ],
      [
        'a missing comma',
        '{"port": 1\n"host": "::1"}',
        /:2: expected ",", got "\\"host\\": \\"::1\\"}"\.\n$/,
      ],
      [
        'a name twice',
        '{"port": 1,\n"port": 2}',
        /:2: port: given on line 1 already; remove one of them\.\n$/,
      ],
      ['a list', '[]', /: expected a JSON object, got an empty array\.\n$/],
      ['nothing', '', /:1: expected a value, got the end\.\n$/],
    ])('%s', async (_, content, message) => {
      const path = await write('wrong.json', content)
      const { code, stderr } = await runToEnd(host, ['--config', path])
      expect(stderr).toMatch(message)
      expect(stderr.split('\n')).toHaveLength(2)
      expect(code).toBe(2)
    })

    it('a file that is not there', async () => {
      const { code, stderr } = await runToEnd(host, ['--config', join(folder, 'none.json')])
      expect(stderr).toMatch(
        /^sluice: .*none\.json: expected a settings file, got nothing at this path; /,
      )
      expect(code).toBe(2)
    })
  })
}
