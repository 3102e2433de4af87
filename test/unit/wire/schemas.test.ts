import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, expectTypeOf, it } from 'vitest'
import type * as z from 'zod/mini'
import type {
  ChatChunk,
  ChatCompletion,
  FinishReason,
  Logprobs,
  ToolCallDelta,
  Usage,
} from '../../../src/wire/chat/answer.ts'
import type { chatFields } from '../../../src/wire/chat/known-fields.ts'
import type { ChatRequest } from '../../../src/wire/chat/request.ts'
import type {
  ChatCompletionChunkSchema,
  ChatCompletionSchema,
  FinishReasonSchema,
  LogprobsSchema,
  ToolCallDeltaSchema,
  UsageSchema,
} from '../../../src/wire/chat/schema.ts'
import type { TextChunk, TextRequest, textFields } from '../../../src/wire/completions/request.ts'
import type { TextCompletionSchema } from '../../../src/wire/completions/schema.ts'
import type { EmbeddingResponse } from '../../../src/wire/embeddings/answer.ts'
import type { EmbeddingRequest, embeddingFields } from '../../../src/wire/embeddings/request.ts'
import type { EmbeddingListSchema } from '../../../src/wire/embeddings/schema.ts'
import type { ErrorBody } from '../../../src/wire/errors/api-error.ts'
import type { ErrorSchema } from '../../../src/wire/errors/schema.ts'
import type { Message, MessageUsage } from '../../../src/wire/messages/answer.ts'
import type { MessagesErrorBody } from '../../../src/wire/messages/error.ts'
import type {
  CountRequest,
  CountRequestSchema,
  MessagesRequest,
  MessagesRequestSchema,
} from '../../../src/wire/messages/request.ts'
import type {
  MessageAnswerSchema,
  MessagesErrorSchema,
  MessageUsageSchema,
} from '../../../src/wire/messages/schema.ts'
import type { ModelInfo, ModelPage } from '../../../src/wire/models/anthropic.ts'
import type { ModelInfoSchema, ModelPageSchema } from '../../../src/wire/models/schema.ts'
import type {
  ResponseObject,
  ResponseUsage,
  TokenLogprob,
} from '../../../src/wire/responses/answer.ts'
import type { ResponsesRequest, responsesFields } from '../../../src/wire/responses/request.ts'
import type {
  LogprobSchema,
  ResponseSchema,
  ResponseUsageSchema,
} from '../../../src/wire/responses/schema.ts'
import type { Fields } from '../../../src/wire/validation/fields.ts'

/** What a schema describes, without the fields of others that may come as well. */
type Written<S extends z.ZodMiniType> = Named<z.input<S>>
type Named<T> = T extends readonly (infer Item)[]
  ? Named<Item>[]
  : T extends object
    ? { [Key in keyof T as string extends Key ? never : Key]: Named<T[Key]> }
    : T

const src = join(import.meta.dirname, '../../../src')

it('describe every answer that the code can write, as the compiler checks', () => {
  expectTypeOf<ChatCompletion>().toExtend<Written<typeof ChatCompletionSchema>>()
  expectTypeOf<ChatChunk>().toExtend<Written<typeof ChatCompletionChunkSchema>>()
  expectTypeOf<FinishReason>().toEqualTypeOf<z.input<typeof FinishReasonSchema>>()
  expectTypeOf<Logprobs>().toExtend<Written<typeof LogprobsSchema>>()
  expectTypeOf<ToolCallDelta>().toExtend<Written<typeof ToolCallDeltaSchema>>()
  expectTypeOf<Usage>().toExtend<Written<typeof UsageSchema>>()
  expectTypeOf<TextChunk>().toExtend<Written<typeof TextCompletionSchema>>()
  expectTypeOf<EmbeddingResponse>().toExtend<Written<typeof EmbeddingListSchema>>()
  expectTypeOf<ErrorBody>().toExtend<Written<typeof ErrorSchema>>()
  // The input of a call is what the model wrote: only the answer itself shows whether it is an object.
  expectTypeOf<Omit<Message, 'content'>>().toExtend<
    Omit<Written<typeof MessageAnswerSchema>, 'content'>
  >()
  expectTypeOf<MessageUsage>().toExtend<Written<typeof MessageUsageSchema>>()
  expectTypeOf<MessagesErrorBody>().toExtend<Written<typeof MessagesErrorSchema>>()
  expectTypeOf<ModelInfo>().toExtend<Written<typeof ModelInfoSchema>>()
  expectTypeOf<ModelPage>().toExtend<Written<typeof ModelPageSchema>>()
  expectTypeOf<ResponseObject>().toExtend<Written<typeof ResponseSchema>>()
  expectTypeOf<ResponseUsage>().toExtend<Written<typeof ResponseUsageSchema>>()
  expectTypeOf<TokenLogprob>().toExtend<Written<typeof LogprobSchema>>()
})

/** What engines that run here get: each field as its schema lets it pass. */
type Checked<F extends Fields> = { [Key in keyof F]?: z.output<ReturnType<F[Key]>> }

it('check every field of a request as its type says', () => {
  expectTypeOf<Checked<typeof chatFields>>().toExtend<Partial<Named<ChatRequest>>>()
  expectTypeOf<Checked<typeof textFields>>().toExtend<Partial<Named<TextRequest>>>()
  expectTypeOf<Checked<typeof embeddingFields>>().toExtend<Partial<Named<EmbeddingRequest>>>()
  // Blocks and tools of other types pass, and numbers are the upstream's to judge.
  type Judged = 'messages' | 'tools' | 'thinking' | 'temperature' | 'top_p' | 'top_k'
  expectTypeOf<Omit<Named<z.output<typeof CountRequestSchema>>, Judged>>().toExtend<
    Omit<Named<CountRequest>, Judged>
  >()
  expectTypeOf<Omit<Named<z.output<typeof MessagesRequestSchema>>, Judged>>().toExtend<
    Omit<Named<MessagesRequest>, Judged>
  >()
  expectTypeOf<z.output<z.ZodMiniObject<typeof responsesFields>>>().toExtend<
    Named<ResponsesRequest>
  >()
})

it('are loaded by no server', () => {
  const described = /^wire\/.*(\/|-)(schema|describe|texts)\.ts$/
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  const importers = files.filter((file) => {
    if (!file.endsWith('.ts')) return false
    const text = readFileSync(join(src, file), 'utf8')
    const paths = [
      ...text.matchAll(/^(?:import|export)\b(?! type)[^'=(]*'(\.[^']+)'|import\('(\.[^']+)'/gm),
    ]
    return paths.some(([, path, lazy = '']) => described.test(join(dirname(file), path ?? lazy)))
  })
  expect(importers.length).toBeGreaterThan(5)
  expect(importers.filter((file) => !described.test(file))).toEqual([])
})

it('are written in zod/mini: zod itself would word the errors of the whole process anew', () => {
  const root = join(src, '..')
  for (const folder of ['src', 'scripts', 'worker']) {
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.m?ts$/.test(file)) continue
      const text = readFileSync(join(root, folder, file), 'utf8')
      expect(/^import (?!type).* from 'zod'$/m.test(text), file).toBe(false)
    }
  }
})
