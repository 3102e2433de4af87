import OpenAI, { BadRequestError } from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { frame, type Script } from '../../support/script.ts'
import type { Server } from '../../support/server.ts'
import {
  agent,
  City,
  type Expect,
  model,
  personas,
  Report,
  type Sent,
  structured,
  thermometer,
  user,
} from './chat-agent.ts'

/** A stream of these choices, one chunk each. */
function streamOf(...chunks: object[]): Script {
  const envelope = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model }
  const sent = chunks.map(({ usage, ...choice }: { usage?: object }) =>
    frame({ ...envelope, choices: [{ index: 0, finish_reason: null, ...choice }], ...usage }),
  )
  return { steps: [{ send: `${sent.join('')}data: [DONE]\n\n` }] }
}

export function openaiSdk(
  server: Server,
  sentSince: Sent,
  count: () => number,
  expectLoop: Expect,
): void {
  const client = () => new OpenAI({ apiKey: 'none', baseURL: server.base, maxRetries: 0 })
  const asked = (script: object) => ({ model, messages: [user], ...({ script } as object) })

  describe.each(personas)('with %s behind', (persona) => {
    it.each([true, false])('runs tools over several turns, stream: %s', async (stream) => {
      const start = count()
      const { asked: cities, read } = thermometer()
      const tools = [
        {
          type: 'function' as const,
          function: {
            name: 'temperature',
            description: 'Degrees in a city.',
            parameters: z.toJSONSchema(City) as Record<string, unknown>,
            parse: (text: string) => City.parse(JSON.parse(text)),
            function: read,
          },
        },
      ]
      const request = { ...asked(agent(persona)), tools }
      const completions = client().chat.completions
      const runner = stream
        ? completions.runTools({ ...request, stream: true })
        : completions.runTools(request)
      expect(await runner.finalContent()).toBe('Rome is warmer.')
      expect(cities).toEqual(['Paris', 'Rome', 'Rome'])
      expectLoop(start)
    })
  })

  it('puts the pieces of a stream together, and tells of each', async () => {
    const runner = client().chat.completions.stream(asked(agent('vllm').turns[0] as object))
    const done: unknown[] = []
    runner.on('tool_calls.function.arguments.done', (call) => void done.push(call.arguments))
    const { choices } = await runner.finalChatCompletion()
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    expect(done).toEqual(['{"city":"Paris"}', '{"city":"Rome"}'])
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { type: 'function', id: expect.stringMatching(/\S/), function: { name: 'temperature' } },
      { type: 'function', id: expect.stringMatching(/\S/), function: { name: 'temperature' } },
    ])
  })

  it('gives parallel calls their own indices and ids where the upstream gives neither', async () => {
    const piece = (name: string | undefined, args: string) => ({
      delta: { tool_calls: [{ function: { ...(name && { name }), arguments: args } }] },
    })
    const script = streamOf(
      { delta: { role: 'assistant' } },
      piece('look', '{"at":'),
      piece(undefined, '1}'),
      piece('look', '{"at":2}'),
      piece('listen', '{}'),
      { delta: {}, finish_reason: 'tool_calls' },
    )
    const message = await client().chat.completions.stream(asked(script)).finalMessage()
    const calls = message.tool_calls ?? []
    expect(
      calls.map((call) => (call.type === 'function' ? call.function : undefined)),
    ).toMatchObject([
      { name: 'look', arguments: '{"at":1}' },
      { name: 'look', arguments: '{"at":2}' },
      { name: 'listen', arguments: '{}' },
    ])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3)
  })

  it('parses structured output, and the upstream is asked to enforce it', async () => {
    const start = count()
    const response_format = zodResponseFormat(Report, 'report')
    const completion = await client().chat.completions.parse({
      ...asked(structured),
      response_format,
    })
    expect(completion.choices[0]?.message.parsed).toEqual({ city: 'Rome', degrees: 27 })
    const stream = client().chat.completions.stream({ ...asked(structured), response_format })
    const { choices } = await stream.finalChatCompletion()
    expect(choices[0]?.message.parsed).toEqual({ city: 'Rome', degrees: 27 })
    const sent = sentSince(start)
    expect(sent).toHaveLength(2)
    for (const body of sent) expect(body.response_format).toEqual(response_format)
  })

  it('is refused structured output by an engine that can’t enforce it', async () => {
    const response_format = zodResponseFormat(Report, 'report')
    const parsing = client().chat.completions.parse({
      model: 'static',
      messages: [user],
      response_format,
    })
    const error = await parsing.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ status: 400, param: 'response_format' })
    expect((error as Error).message).toContain('static')
  })

  it('reads a refusal', async () => {
    const script = streamOf(
      { delta: { role: 'assistant', refusal: 'I can’t ' } },
      { delta: { refusal: 'say.' } },
      { delta: {}, finish_reason: 'stop' },
    )
    const stream = client().chat.completions.stream({
      ...asked(script),
      response_format: zodResponseFormat(Report, 'report'),
    })
    const { refusal, parsed } = (await stream.finalChatCompletion()).choices[0]?.message ?? {}
    expect(refusal).toBe('I can’t say.')
    expect(parsed ?? null).toBeNull()
  })

  it('reads log probabilities, and what OpenAI adds besides', async () => {
    const entry = (token: string) => ({ token, logprob: -0.5, bytes: null, top_logprobs: [] })
    const extra = { service_tier: 'default', obfuscation: 'xK2' }
    const script = streamOf(
      { delta: { role: 'assistant', content: '' }, usage: extra },
      { delta: { content: 'a' }, logprobs: { content: [entry('a')] }, usage: extra },
      { delta: { content: 'b' }, logprobs: { content: [entry('b')] }, usage: extra },
      { delta: {}, finish_reason: 'stop', usage: extra },
    )
    const stream = client().chat.completions.stream({ ...asked(script), logprobs: true })
    const { choices, service_tier } = await stream.finalChatCompletion()
    expect(choices[0]?.logprobs?.content?.map(({ token }) => token)).toEqual(['a', 'b'])
    expect(service_tier).toBe('default')
  })

  it('gets each of several choices', async () => {
    const says = (index: number, content: string, finish_reason: string | null = null) => ({
      index,
      delta: { role: 'assistant', content },
      finish_reason,
    })
    const script = streamOf(says(1, 'B'), says(0, 'A'), says(0, '', 'stop'), says(1, 'b', 'length'))
    const stream = client().chat.completions.stream({ ...asked(script), n: 2 })
    const { choices } = await stream.finalChatCompletion()
    expect(choices.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual([
      ['A', 'stop'],
      ['Bb', 'length'],
    ])
  })

  it('has every field reach the upstream as it is, images and speech among them', async () => {
    const start = count()
    const request: OpenAI.ChatCompletionCreateParamsNonStreaming = {
      model,
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
            { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
            { type: 'file', file: { file_data: 'AAAA', filename: 'a.pdf' } },
          ],
        },
      ],
      n: 1,
      seed: 7,
      stop: ['\n\n', 'END'],
      logprobs: true,
      top_logprobs: 3,
      temperature: 0.2,
      tools: [{ type: 'function', function: { name: 'look', parameters: {}, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_object' },
      reasoning_effort: 'low',
      service_tier: 'flex',
      metadata: { a: 'b' },
    }
    await client().chat.completions.create(request)
    expect(sentSince(start)).toEqual([request])
  })
}
