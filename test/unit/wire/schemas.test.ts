import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, expectTypeOf, it } from 'vitest'
import type * as z from 'zod'
import type {
  ChatChunk,
  ChatCompletion,
  FinishReason,
  Logprobs,
  ToolCallDelta,
  Usage,
} from '../../../src/wire/chat/answer.ts'
import type {
  ChatCompletionChunkSchema,
  ChatCompletionSchema,
  FinishReasonSchema,
  LogprobsSchema,
  ToolCallDeltaSchema,
  UsageSchema,
} from '../../../src/wire/chat/schema.ts'
import type { TextChunk } from '../../../src/wire/completions/request.ts'
import type { TextCompletionSchema } from '../../../src/wire/completions/schema.ts'
import type { EmbeddingResponse } from '../../../src/wire/embeddings/request.ts'
import type { EmbeddingListSchema } from '../../../src/wire/embeddings/schema.ts'
import type { ErrorBody } from '../../../src/wire/errors/api-error.ts'
import type { ErrorSchema } from '../../../src/wire/errors/schema.ts'
import type { Message, MessageUsage } from '../../../src/wire/messages/answer.ts'
import type { MessagesErrorBody } from '../../../src/wire/messages/error.ts'
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
import type {
  LogprobSchema,
  ResponseSchema,
  ResponseUsageSchema,
} from '../../../src/wire/responses/schema.ts'

/** What a schema describes, without the fields of others that may come as well. */
type Written<S extends z.ZodType> = Named<z.input<S>>
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
