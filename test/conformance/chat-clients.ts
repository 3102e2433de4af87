import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  type ToolMessage,
} from '@langchain/core/messages'
import { tool as langchainTool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, isStepCount, Output, streamText, tool } from 'ai'
import OpenAI, { BadRequestError } from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { PersonaName, PersonaScript } from '../support/personas.ts'
import { frame, type Script, type Turns } from '../support/script.ts'
import { type HostName, type Server, useServerWith } from '../support/server.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const model = 'Qwen/Qwen3-8B'
const user = { role: 'user' as const, content: 'Where is it warmer?' }
const personas: PersonaName[] = ['openai', 'vllm', 'ollama', 'llamaServer', 'webllm']

const City = z.object({ city: z.string() })
const temperatures: Record<string, number> = { Paris: 21, Rome: 27 }

/** What the tool answers, and the calls it got. */
function thermometer() {
  const asked: string[] = []
  const read = ({ city }: { city: string }) => {
    asked.push(city)
    return String(temperatures[city])
  }
  return { asked, read }
}

/** Two calls at once, then one that goes by their results, then the answer. */
function agent(persona: PersonaName): Turns {
  const call = (city: string) => ({
    name: 'temperature',
    arguments: ['{"city"', `:"${city}"`, '}'],
  })
  return {
    turns: [
      {
        persona,
        words: [],
        reasoning: ['Two', 'cities.'],
        toolCalls: [call('Paris'), call('Rome')],
      },
      { persona, words: ['Once', 'more.'], toolCalls: [call('Rome')] },
      { persona, words: ['Rome', 'is', 'warmer.'] },
    ],
  }
}

/** The JSON that a model writes where a schema is enforced. */
const structured: PersonaScript = {
  persona: 'vllm',
  words: ['{"city":', '"Rome",', '"degrees":', '27}'],
}
const Report = z.object({ city: z.string(), degrees: z.number() })

/** A stream of these choices, one chunk each. */
function streamOf(...chunks: object[]): Script {
  const envelope = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model }
  const sent = chunks.map(({ usage, ...choice }: { usage?: object }) =>
    frame({ ...envelope, choices: [{ index: 0, finish_reason: null, ...choice }], ...usage }),
  )
  return { steps: [{ send: `${sent.join('')}data: [DONE]\n\n` }] }
}

interface SentMessage {
  role: string
  content?: unknown
  tool_call_id?: string
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[]
}

/** Chat clients' own helpers, as they are: tools, structured output, parts and reasoning. */
export function chatClients(host: HostName): void {
  let upstream: Upstream
  const server = useServerWith(host, async () => {
    upstream = await startUpstream({ persona: 'vllm' })
    return {
      flags: [
        '--upstream',
        `lab=${upstream.url}`,
        '--think-tags',
        'separate',
        '--static-delay',
        '1',
      ],
    }
  })
  afterAll(() => upstream.close())

  /** The bodies of the chats that reached the upstream since `start`. */
  const sentSince = (start: number) =>
    upstream.requests
      .slice(start)
      .filter(({ path }) => path.endsWith('/chat/completions'))
      .map(({ body }) => body as { messages: SentMessage[]; [field: string]: unknown })
  const count = () => upstream.requests.length

  /** An agent's last request: every call of the model, and behind it the results by their ids. */
  const expectLoop = (start: number) => {
    const sent = sentSince(start)
    expect(sent).toHaveLength(3)
    const messages = sent.at(-1)?.messages ?? []
    const calls = messages.flatMap(({ tool_calls }) => tool_calls ?? [])
    expect(calls.map((call) => JSON.parse(call.function.arguments))).toEqual([
      { city: 'Paris' },
      { city: 'Rome' },
      { city: 'Rome' },
    ])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3)
    const results = messages.filter(({ role }) => role === 'tool')
    expect(results.map(({ tool_call_id, content }) => [tool_call_id, content])).toEqual(
      calls.map(({ id }, at) => [id, at === 0 ? '21' : '27']),
    )
  }

  describe('the openai SDK', () => openaiSdk(server, sentSince, count, expectLoop))
  describe('the ai SDK', () => aiSdk(server, sentSince, count, expectLoop))
  describe('LangChain', () => langchain(server, sentSince, count, expectLoop))
}

type Sent = (start: number) => { messages: SentMessage[]; [field: string]: unknown }[]
type Expect = (start: number) => void

function openaiSdk(server: Server, sentSince: Sent, count: () => number, expectLoop: Expect): void {
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

function aiSdk(server: Server, sentSince: Sent, count: () => number, expectLoop: Expect): void {
  const provider = () =>
    createOpenAICompatible({
      name: 'sluice',
      baseURL: server.base,
      includeUsage: true,
      supportsStructuredOutputs: true,
    })
  const asked = (script: object) => ({
    model: provider()(model),
    prompt: user.content,
    maxRetries: 0,
    providerOptions: { sluice: { script: JSON.parse(JSON.stringify(script)) } },
  })

  it.each(personas)('runs tools over several turns with %s behind', async (persona) => {
    const { asked: cities, read } = thermometer()
    const temperature = tool({ inputSchema: City, execute: async (input) => read(input) })
    const loop = { tools: { temperature }, stopWhen: isStepCount(5) }
    let start = count()
    const whole = await generateText({ ...asked(agent(persona)), ...loop })
    expect(whole.text).toBe('Rome is warmer.')
    expectLoop(start)
    start = count()
    const streamed = streamText({ ...asked(agent(persona)), ...loop })
    await streamed.consumeStream()
    expect(await streamed.text).toBe('Rome is warmer.')
    expect((await streamed.steps)[0]?.reasoningText).toBe('Two cities.')
    expectLoop(start)
    expect(cities).toEqual(['Paris', 'Rome', 'Rome', 'Paris', 'Rome', 'Rome'])
  })

  it('gets structured output, and the upstream is asked to enforce it', async () => {
    const start = count()
    const output = Output.object({ schema: Report })
    const whole = await generateText({ ...asked(structured), output })
    expect(whole.output).toEqual({ city: 'Rome', degrees: 27 })
    const streamed = streamText({ ...asked(structured), output })
    await streamed.consumeStream()
    expect(await streamed.output).toEqual({ city: 'Rome', degrees: 27 })
    const formats = sentSince(start).map(({ response_format }) => response_format)
    expect(formats).toHaveLength(2)
    for (const format of formats) expect(format).toMatchObject({ type: 'json_schema' })
  })

  it('tells thinking from the answer where the model writes both into one text', async () => {
    const words = ['<think>Warm,', 'I', 'think.</think>Rome', '<b>']
    const whole = await generateText(asked({ persona: 'vllm', words }))
    expect([whole.reasoningText, whole.text]).toEqual(['Warm, I think.', 'Rome <b>'])
    const streamed = streamText(asked({ persona: 'vllm', words }))
    const kinds: string[] = []
    for await (const part of streamed.fullStream) kinds.push(part.type)
    expect([await streamed.reasoningText, await streamed.text]).toEqual([
      'Warm, I think.',
      'Rome <b>',
    ])
    expect(kinds.indexOf('reasoning-end')).toBeLessThan(kinds.indexOf('text-delta'))
  })
}

function langchain(server: Server, sentSince: Sent, count: () => number, expectLoop: Expect): void {
  const chat = (script: object) =>
    new ChatOpenAI({
      model,
      apiKey: 'none',
      maxRetries: 0,
      configuration: { baseURL: server.base },
      modelKwargs: { script },
    })

  it.each([true, false])('runs tools over several turns, stream: %s', async (streaming) => {
    const start = count()
    const { asked: cities, read } = thermometer()
    const temperature = langchainTool(async (input) => read(input as { city: string }), {
      name: 'temperature',
      description: 'Degrees in a city.',
      schema: City,
    })
    const bound = chat(agent('ollama')).bindTools([temperature])
    const ask = async (messages: BaseMessage[]) => {
      if (!streaming) return bound.invoke(messages)
      let whole: AIMessageChunk | undefined
      for await (const chunk of await bound.stream(messages)) whole = whole?.concat(chunk) ?? chunk
      return whole as AIMessageChunk
    }
    const messages: BaseMessage[] = [new HumanMessage(user.content)]
    for (;;) {
      const answer = await ask(messages)
      messages.push(answer)
      const calls = answer.tool_calls ?? []
      if (calls.length === 0) break
      for (const call of calls) messages.push((await temperature.invoke(call)) as ToolMessage)
    }
    expect(messages.at(-1)?.text).toBe('Rome is warmer.')
    expect(cities).toEqual(['Paris', 'Rome', 'Rome'])
    expectLoop(start)
  })

  it('streams from static, and gets its whole answer', async () => {
    const chat = new ChatOpenAI({
      model: 'static',
      apiKey: 'none',
      maxRetries: 0,
      configuration: { baseURL: server.base },
    })
    let text = ''
    for await (const chunk of await chat.stream('Go.')) text += chunk.text
    expect(text).toMatch(/^Water finds its way word by word,.* end\.$/)
    expect((await chat.invoke('Go.')).text).toBe(text)
  })

  it('streams text, and thinking beside it', async () => {
    const script = { persona: 'vllm', words: ['<think>Hm.</think>Rome', 'it', 'is.'] }
    let text = ''
    let thought = ''
    let tokens: number | undefined
    for await (const chunk of await chat(script).stream(user.content)) {
      text += chunk.text
      thought += String(chunk.additional_kwargs.reasoning_content ?? '')
      tokens = chunk.usage_metadata?.output_tokens ?? tokens
    }
    expect([text, thought]).toEqual(['Rome it is.', 'Hm.'])
    expect(tokens).toBeGreaterThan(0)
  })

  it('gets structured output, and the upstream is asked to enforce it', async () => {
    const start = count()
    const bound = chat(structured).withStructuredOutput(Report, { method: 'jsonSchema' })
    expect(await bound.invoke(user.content)).toEqual({ city: 'Rome', degrees: 27 })
    expect(sentSince(start)[0]?.response_format).toMatchObject({ type: 'json_schema' })
  })
}
