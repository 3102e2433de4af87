/** What the routes of browser tabs take and answer. */
import * as z from 'zod/mini'
import { type ApiSchemas, described } from '../validation/describe.ts'
import { count, stateShape, TabBatchSchema, TabHelloSchema } from './messages.ts'

const TabTakenSchema = z.looseObject({
  seq: described(count, 'The number of the last message that the server has.'),
})

const TabSchema = z.looseObject({
  id: z.string(),
  object: z.literal('tab'),
  name: described(z.string(), 'The name that people see; its engine is called `tab/NAME`.'),
  key: described(z.string(), 'The name of the key that it offers with; empty without keys.'),
  created_at: described(count, 'When it joined, in seconds of Unix time.'),
  running: described(count, 'How many requests it answers now.'),
  served: described(count, 'How many chunks it has answered with.'),
  ...stateShape,
})

const TabListSchema = z.looseObject({ object: z.literal('list'), data: z.array(TabSchema) })

const TabRemovedSchema = z.looseObject({
  id: z.string(),
  object: z.literal('tab'),
  deleted: z.literal(true),
})

const PairingWishSchema = z.looseObject({
  name: described(z.string(), 'The name of the key that the tab gets: `phone`.'),
  owner: described(
    z.optional(z.string()),
    'The name of the key whose requests the tab answers; those of admin keys by default.',
  ),
  shared: described(z.optional(z.boolean()), 'Whether it answers the requests of every key.'),
})

const PairingSchema = z.looseObject({
  object: z.literal('pairing'),
  name: z.string(),
  secret: described(z.string(), 'For the fragment of a link: `https://…/#offer=SECRET`.'),
  code: described(z.string(), 'The same for people to type: `7K3M-Q9XD`.'),
  expires_at: described(count, 'In seconds of Unix time.'),
})

const PairingOfferSchema = z.looseObject({
  offer: described(z.string(), 'The secret or the code of a pairing.'),
})

const PairedSchema = z.looseObject({
  object: z.literal('paired'),
  name: z.string(),
  key: described(z.string(), 'The key, which is not shown again.'),
  saved: described(
    z.boolean(),
    'Whether it is in the settings file; without one it is good until the server stops.',
  ),
})

const PairedListSchema = z.looseObject({
  object: z.literal('list'),
  data: z.array(
    z.looseObject({
      object: z.literal('paired'),
      name: z.string(),
      owner: z.optional(z.string()),
      shared: z.optional(z.boolean()),
    }),
  ),
})

const PairedRemovedSchema = z.looseObject({
  name: z.string(),
  object: z.literal('paired'),
  deleted: z.literal(true),
})

/** What is asked at, and answered by, `/v1/tabs` and `/v1/pairings`. */
export const tabSchemas = {
  requests: {
    TabHello: {
      schema: TabHelloSchema,
      description: 'What a tab says of itself when it joins.',
      fields: {
        v: 'The version of the messages.',
        models: 'The models that it offers.',
        gpu: 'The name of its GPU.',
        visible: 'Whether a person sees the tab.',
        charging: 'Whether it runs on mains power, where the browser says so.',
        paused: 'Whether it takes no requests for now.',
        tokensPerSecond: 'Of its last answers.',
        resume: 'The tab that it was before its connection was lost, and the last number it has.',
        replaces: 'A tab that it was before and will not be again: it leaves.',
      },
    },
    TabBatch: {
      schema: TabBatchSchema,
      description: 'What a tab says, in order.',
      fields: {
        seq: 'The number of the first message.',
        ack: 'The number of the last event that the tab has.',
        messages: 'None where it only says that it is there.',
      },
    },
    PairingWish: {
      schema: PairingWishSchema,
      description: 'What the key of a tab is to be.',
      fields: {
        name: 'The name of the key: `phone`.',
        owner:
          'The name of the key whose requests the tab answers; those of admin keys by default.',
        shared: 'Whether it answers the requests of every key.',
      },
    },
    PairingOffer: {
      schema: PairingOfferSchema,
      description: 'What a tab trades for its key.',
      fields: { offer: 'The secret or the code of a pairing.' },
    },
  },
  answers: {
    TabList: TabListSchema,
    TabTaken: TabTakenSchema,
    TabRemoved: TabRemovedSchema,
    Pairing: PairingSchema,
    Paired: PairedSchema,
    PairedList: PairedListSchema,
    PairedRemoved: PairedRemovedSchema,
  },
} satisfies ApiSchemas
