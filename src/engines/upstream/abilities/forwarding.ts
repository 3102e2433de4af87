import { abortOnFailure, linkedController } from '../abort.ts'
import type { Ability } from '../chat-upstream.ts'
import { readNative } from '../native-answer.ts'

/** Forwards requests in APIs that the server has itself. */
export const forwarding = ((upstream) => ({
  async forward(asked, signal, options = {}) {
    const call = { ...asked, body: upstream.names.renamed(asked.body) }
    const control = linkedController(signal)
    const { headers } = asked
    const carried = { ...options, headers, signal: control.signal }
    const response = await upstream.client.postAccepted(call.path, call.body, carried)
    return abortOnFailure(
      response,
      control,
      readNative(response, call, upstream.contractOptions(call.path, call.body), control),
    )
  },
})) satisfies Ability
