import { describe, expect, it } from 'vitest'
import { createComposedHandler } from '../../../../src/composed-handler.ts'
import { chat } from '../../../../src/routes/parts/chat.ts'
import { compose } from '../../../../src/routes/parts/compose.ts'
import { models } from '../../../../src/routes/parts/models.ts'
import { PARTS, partAt } from '../../../../src/routes/parts/names.ts'
import { allParts, table } from '../../../../src/routes/table.ts'
import { parseSettings } from '../../../../src/settings/settings.ts'

describe('the parts of a handler', () => {
  it('are listed by name, each once', () => {
    expect(allParts.map(({ name }) => name).sort()).toEqual(Object.keys(PARTS).sort())
  })

  it.each(allParts.map((part) => [part.name, part] as const))(
    '%s has routes at its own paths only',
    (name, { routes = {} }) => {
      for (const { path } of Object.values(routes)) expect(partAt(path)).toBe(name)
      for (const path of PARTS[name]) {
        expect(Object.values(routes).some((each) => each.path.startsWith(path))).toBe(true)
      }
    },
  )

  it('make up the whole table', () => {
    const composed = compose(allParts).routes
    expect(Object.keys(composed)).toEqual(Object.keys(table))
  })
})

describe('a handler of some parts', () => {
  const handler = createComposedHandler(
    compose([chat, models]),
    parseSettings({ discover: false, insecure: true }),
    {},
  )
  const ask = (method: string, path: string, body?: object) =>
    handler.fetch(
      new Request(`http://localhost${path}`, {
        method,
        ...(body && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      }),
    )

  it('answers the routes of its parts', async () => {
    const response = await ask('POST', '/v1/chat/completions', {
      model: 'static',
      messages: [{ role: 'user', content: 'Hi' }],
    })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('Water finds its way')
  })

  it.each([
    ['POST', '/v1/messages', 'messages'],
    ['GET', '/v1/streams/strm_1', 'streams'],
    ['GET', '/api/tags', 'ollama'],
    ['OPTIONS', '/v1/embeddings', 'embeddings'],
    ['GET', '/', 'pages'],
    ['GET', '/metrics', 'metrics'],
  ])('says of %s %s that its part is left out, and where it is', async (method, path, part) => {
    const response = await ask(method, path)
    expect(response.status).toBe(404)
    // Each API has errors of its own shape.
    const text = await response.text()
    expect(text).toContain(`without the part \\"${part}\\"`)
    expect(text).toContain('@sluice/sluice/edge')
  })

  it('says of other paths what it always says', async () => {
    expect(await (await ask('GET', '/v1/nothing')).text()).toContain(
      'path: there is no route GET /v1/nothing',
    )
  })

  it('sends an ordinary stream where one is asked for that can be resumed', async () => {
    const response = await handler.fetch(
      new Request('http://localhost/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-sluice-resume': '1' },
        body: JSON.stringify({
          model: 'static',
          stream: true,
          messages: [{ role: 'user', content: 'Hi' }],
        }),
      }),
    )
    expect(response.headers.get('x-sluice-resume')).toBe(null)
    expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  })
})
