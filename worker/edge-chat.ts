/** A small worker: chat completions, models, health, and what keys have used. */
import { chat } from '../src/routes/parts/chat.ts'
import { health } from '../src/routes/parts/health.ts'
import { models } from '../src/routes/parts/models.ts'
import { usage } from '../src/routes/parts/usage.ts'
import { workerOf } from './worker-of.ts'

export { KeyLimits } from './objects/key-limits.ts'

export default workerOf([chat, models, health, usage])
