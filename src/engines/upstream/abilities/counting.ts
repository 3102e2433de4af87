import type { Fetched } from '../../../platform/fetch.ts'
import { withSystemMessages } from '../../../wire/chat/system-messages.ts'
import type { Ability } from '../chat-upstream.ts'
import { countByUpstream, MissingPaths, type Post } from '../count-tokens.ts'

/** Has the server count the tokens of a prompt. */
export const counting = ((upstream) => {
  const missing = new MissingPaths()
  return {
    async countTokens(prompt, model, signal, { hops, trace, tapped, isLarge } = {}) {
      const own = upstream.names.renamed({ model }).model
      const post: Post = (path, body, headers) =>
        upstream.client.post(path, body, { signal, hops, trace, tapped, isLarge, headers })
      const chat = () => withSystemMessages(upstream.systemMessages, prompt.chat())
      const counted = { ...prompt, chat, nativeApis: upstream.nativeApis() }
      const accepted = (response: Fetched) => upstream.client.accepted(response)
      return countByUpstream(counted, own, post, upstream.label, accepted, missing)
    },
  }
}) satisfies Ability
