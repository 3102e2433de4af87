import type { ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { expect, it } from 'vitest'
import type { Relay } from '../../support/relay.ts'
import { pace } from '../../support/talk.ts'
import { addTool, cityTool, runTool } from './addition-agent.ts'
import { clientOf, scripted } from './responses-openai.ts'
import { model, slow } from './responses-scripts.ts'

export function openaiAgent(relay: Relay): void {
  const asked = { model, input: 'How warm?', tools: [cityTool, addTool] }

  it('runs an agent by previous_response_id', async () => {
    const { responses } = clientOf(relay)
    let response = await responses.create(asked)
    let turns = 1
    for (; response.output.some(({ type }) => type === 'function_call'); turns++) {
      const input = response.output.flatMap((item): ResponseInputItem[] =>
        item.type === 'function_call' ? [outputOf(item)] : [],
      )
      response = await responses.create({ ...asked, input, previous_response_id: response.id })
    }
    expect(response.output_text).toBe('Together 48.')
    expect(turns).toBe(3)
  })

  it('runs an agent that sends everything again, streaming', async () => {
    const { responses } = clientOf(relay)
    const input: ResponseInputItem[] = [{ role: 'user', content: 'How warm?' }]
    let text = ''
    for (let turn = 0; turn < 3; turn++) {
      const runner = responses.stream({ ...asked, input, store: false })
      const response = await runner.finalResponse()
      for (const item of response.output) {
        const { parsed_arguments: _, ...plain } = item as { parsed_arguments?: unknown }
        input.push(plain as ResponseInputItem)
      }
      for (const item of response.output) {
        if (item.type === 'function_call') input.push(outputOf(item))
      }
      text = response.output_text
    }
    expect(text).toBe('Together 48.')
    // What it thought before a call goes back with the call.
    const last = relay.upstream.requests.at(-1)?.body as { messages: object[] }
    expect(last.messages[1]).toMatchObject({
      role: 'assistant',
      content: 'One moment.',
      reasoning_content: 'Let me see.',
      tool_calls: [{ type: 'function' }, { type: 'function' }],
    })
  })
}

function outputOf(call: { call_id: string; name: string; arguments: string }) {
  const output = runTool(call.name, call.arguments)
  return { type: 'function_call_output' as const, call_id: call.call_id, output }
}

export function openaiBackground(relay: Relay): void {
  it('polls a response until it is complete', async () => {
    const { responses } = clientOf(relay)
    const asked = { model, input: 'Go.', background: true, ...scripted(slow) }
    let response = await responses.create(asked)
    expect(response.status).toBe('queued')
    while (response.status === 'queued' || response.status === 'in_progress') {
      await new Promise((resolve) => setTimeout(resolve, 50))
      response = await responses.retrieve(response.id)
    }
    expect(response.status).toBe('completed')
    expect(response.output_text).toBe('toktok')
  })

  it('picks a stream up where it left it', async () => {
    const { responses } = clientOf(relay)
    const asked = { model, input: 'Go.', background: true, ...scripted(pace(20, 20)) }
    const stream = await responses.create({ ...asked, stream: true })
    const numbers: number[] = []
    let id = ''
    let said = ''
    const hear = (event: ResponseStreamEvent) => {
      numbers.push(event.sequence_number)
      if (event.type === 'response.created') id = event.response.id
      if (event.type === 'response.output_text.delta') said += event.delta
    }
    for await (const event of stream) {
      hear(event)
      if (said.length > 9) break
    }
    const rest = await responses.retrieve(id, {
      stream: true,
      starting_after: numbers.at(-1) as number,
    })
    for await (const event of rest) hear(event)
    expect(said).toBe('tok'.repeat(20))
    expect(numbers).toEqual(numbers.map((_, at) => at))
    const replay = responses.stream({ response_id: id })
    expect((await replay.finalResponse()).output_text).toBe(said)
  })

  it('cancels one, and the upstream stops', async () => {
    const { responses } = clientOf(relay)
    const input = 'Cancel me.'
    const asked = { model, input, background: true, ...scripted(pace(2_000, 20)) }
    const { id } = await responses.create(asked)
    const request = await relay.upstream.next(({ body }) =>
      JSON.stringify(body ?? '').includes(input),
    )
    expect((await responses.cancel(id)).status).toBe('cancelled')
    await request.closedWithin(1_500)
  })
}
